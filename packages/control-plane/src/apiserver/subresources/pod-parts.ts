import { ApiError, deepEqual } from '@geobuk/api';
import type { KubernetesObject, Pod } from '@geobuk/api';
import { decodeBody, placed } from '../endpoints/decode-body.js';
import { keyOfRequest } from '../endpoints/endpoint.js';
import type { Endpoint, EndpointDeps } from '../endpoints/endpoint.js';
import { patchEndpoint } from '../endpoints/patch-endpoint.js';
import { getEndpoint } from '../endpoints/read-endpoints.js';
import { sendWritten, writeOptionsOf } from '../endpoints/write-endpoints.js';
import type { Writes } from '../registry/registry.js';
import { qualityOfService } from '../resources/pod-strategy.js';

type Part = 'ephemeralcontainers' | 'resize';

/** Parts of a running pod that may still change. Follows: checklist 1.14.11 and 1.14.12. */
export function partialPodEndpoints(deps: EndpointDeps, part: Part): Readonly<Record<string, Endpoint>> {
  const registry = onlyPart(deps.registry, part);
  return {
    get: getEndpoint(deps),
    patch: patchEndpoint({ ...deps, registry }),
    update: async (call) => {
      const key = keyOfRequest(call);
      const wanted = placed(decodeBody(call), key.namespace, key.name);
      const written = await registry.update(call.resource, key, () => wanted, writeOptionsOf(call));
      return sendWritten(deps, call, written);
    },
  };
}

/** The registry, but an update takes over its part only. */
const onlyPart = (registry: Writes, part: Part): Writes => ({
  read: (...args) => registry.read(...args),
  create: (...args) => registry.create(...args),
  delete: (...args) => registry.delete(...args),
  update: (resource, key, change, options) =>
    registry.update(
      resource,
      key,
      async (current) => {
        if (current === undefined) throw ApiError.notFound(resource.type, key.name);
        return merged(current as Pod, (await change(current)) as Pod, part);
      },
      options,
    ),
});

function merged(current: Pod, wanted: Pod, part: Part): KubernetesObject {
  const metadata = {
    ...current.metadata,
    resourceVersion: wanted.metadata.resourceVersion,
    managedFields: wanted.metadata.managedFields,
  };
  if (part === 'ephemeralcontainers') {
    const before = current.spec.ephemeralContainers ?? [];
    const after = wanted.spec.ephemeralContainers ?? [];
    const lost = before.filter((own) => !after.some(({ name }) => name === own.name));
    const changed = before.filter((own) => after.some((other) => other.name === own.name && !deepEqual(own, other)));
    for (const [containers, what] of [
      [lost, 'removed'],
      [changed, 'changed'],
    ] as const) {
      if (containers.length === 0) continue;
      const names = JSON.stringify(containers.map(({ name }) => name)).replaceAll(',', ' ');
      throw refusedPart(current, `Forbidden: existing ephemeral containers ${names} may not be ${what}`, 'Forbidden');
    }
    return { ...current, metadata, spec: { ...current.spec, ephemeralContainers: after } } as KubernetesObject;
  }
  const sizes = new Map(
    wanted.spec.containers.map(({ name, resources, resizePolicy }) => [name, { resources, resizePolicy }]),
  );
  const containers = current.spec.containers.map((container) => ({ ...container, ...sizes.get(container.name) }));
  const resized = { ...current, metadata, spec: { ...current.spec, containers } } as Pod;
  const quality = qualityOfService(resized);
  if (quality !== qualityOfService(current)) {
    const why = 'Pod QOS Class may not change as a result of resizing';
    throw refusedPart(current, `Invalid value: "${quality}": ${why}`, 'Invalid');
  }
  return resized as KubernetesObject;
}

const refusedPart = ({ metadata }: Pod, message: string, reason: 'Forbidden' | 'Invalid'): ApiError =>
  ApiError.invalid({ group: '', plural: 'pods', kind: 'Pod' }, metadata.name ?? '', [
    { field: 'spec', reason: `FieldValue${reason}`, message },
  ]);
