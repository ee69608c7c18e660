import { ApiError, applyJsonPatch, applyMergePatch, formatLabelSelector, isJsonObject, labelSelectorOf, setField } from '@geobuk/api';
import type { Json, JsonObject, KubernetesObject, LabelSelector, MutableJsonObject } from '@geobuk/api';
import { findPath } from '../custom-resources/printer-columns.js';
import { keyOfRequest } from '../endpoints/endpoint.js';
import type { Endpoint, EndpointDeps, ResourceRequest } from '../endpoints/endpoint.js';
import { writeOptionsOf } from '../endpoints/write-endpoints.js';
import { mediaTypeOf, objectOf, parseBody } from '../http/request-body.js';
import { sendValue } from '../http/respond.js';
import { subjectOf } from '../resources/served-resource.js';
import type { ScalePaths, ServedResource } from '../resources/served-resource.js';

const builtIn: ScalePaths = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
};

const pathsOf = ({ custom }: ServedResource): ScalePaths => custom?.scale ?? builtIn;

/** The size of a workload by itself. Follows: checklist 1.14.2. */
export function scaleEndpoints(deps: EndpointDeps): Readonly<Record<string, Endpoint>> {
  const write =
    (replicasOf: (call: ResourceRequest, current: KubernetesObject) => WantedScale): Endpoint =>
    async (call) => {
      const { resource, request, reply } = call;
      const written = await deps.registry.update(
        resource,
        keyOfRequest(call),
        (current) => {
          if (current === undefined) throw ApiError.notFound(subjectOf(resource), call.info.name);
          return withReplicas(resource, current, replicasOf(call, current));
        },
        { ...writeOptionsOf(call), subresource: 'scale' },
      );
      return sendValue(request, reply, 200, scaleOf(resource, written.result.object));
    };
  return {
    get: async (call) => {
      const { resource, request, reply, signal, search } = call;
      const found = await deps.reader.get(resource, keyOfRequest(call), search.get('resourceVersion') ?? undefined, signal);
      return sendValue(request, reply, 200, scaleOf(resource, found.object));
    },
    update: write((call) => wanted(call, parsedBody(call))),
    patch: write((call, current) => wanted(call, patched(call, scaleOf(call.resource, current)))),
  };
}

interface WantedScale {
  readonly replicas: number;
  readonly resourceVersion: string | undefined;
}

function parsedBody({ request }: ResourceRequest): Json {
  const body = request.body as Buffer | undefined;
  if (body === undefined || body.length === 0) throw ApiError.badRequest('the body of the request is empty');
  return parseBody(body, request.headers['content-type'], false).value;
}

function patched(call: ResourceRequest, scale: Json): Json {
  const type = mediaTypeOf(call.request.headers['content-type']);
  const patch = parsedBody(call);
  if (type === 'application/json-patch+json') return withoutVersion(applyJsonPatch(scale, patch), patch);
  const known = ['application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];
  if (known.includes(type)) return withoutVersion(applyMergePatch(scale, patch), patch);
  throw ApiError.of(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, ${known.join(', ')}`);
}

/** Only a patch that speaks of the version is held to it. */
function withoutVersion(scale: Json, patch: Json): Json {
  if (!isJsonObject(scale) || !isJsonObject(scale['metadata'])) return scale;
  const given = isJsonObject(patch) && isJsonObject(patch['metadata']) ? patch['metadata']['resourceVersion'] : undefined;
  return { ...scale, metadata: { ...scale['metadata'], resourceVersion: given } };
}

function wanted({ resource, info }: ResourceRequest, value: Json): WantedScale {
  const scale = objectOf(value);
  const spec = isJsonObject(scale['spec']) ? scale['spec'] : {};
  const replicas = spec['replicas'] ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) throw ApiError.badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas must be an integer');
  if (replicas < 0) {
    throw ApiError.invalid({ ...subjectOf(resource), group: 'autoscaling', kind: 'Scale' }, info.name, [
      {
        field: 'spec.replicas',
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
      },
    ]);
  }
  const metadata = isJsonObject(scale['metadata']) ? scale['metadata'] : {};
  const version = metadata['resourceVersion'];
  return { replicas, resourceVersion: typeof version === 'string' && version !== '' ? version : undefined };
}

const first = (path: string, object: KubernetesObject): Json | undefined => findPath(path, object as unknown as Json)[0];

function scaleOf(resource: ServedResource, object: KubernetesObject): Json {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = pathsOf(resource);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = labelSelectorPath === undefined ? undefined : first(labelSelectorPath, object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: first(specReplicasPath, object) ?? (resource.custom === undefined ? 1 : 0) },
    status: {
      replicas: first(statusReplicasPath, object) ?? 0,
      ...(selector === undefined || selector === null ? {} : { selector: selectorText(resource, selector) }),
    },
  };
}

function selectorText({ type }: ServedResource, selector: Json): string {
  if (typeof selector === 'string') return selector;
  if (type.plural === 'replicationcontrollers') return formatLabelSelector(labelSelectorOf({ matchLabels: selector } as LabelSelector));
  return formatLabelSelector(labelSelectorOf(selector as LabelSelector));
}

function withReplicas(resource: ServedResource, object: KubernetesObject, { replicas, resourceVersion }: WantedScale): KubernetesObject {
  const steps = pathsOf(resource).specReplicasPath.split('.').filter((step) => step !== '');
  const changed = put(object as unknown as JsonObject, steps, replicas) as unknown as KubernetesObject;
  return { ...changed, metadata: { ...changed.metadata, resourceVersion } };
}

function put(object: JsonObject, [step, ...rest]: readonly string[], value: Json): JsonObject {
  if (step === undefined) return object;
  const copy: MutableJsonObject = { ...object };
  const child = copy[step];
  setField(copy, step, rest.length === 0 ? value : put(isJsonObject(child) ? child : {}, rest, value));
  return copy;
}
