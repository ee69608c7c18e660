import {
  ApiError,
  applyJsonPatch,
  applyMergePatch,
  formatLabelSelector,
  invalid,
  isJsonObject,
  labelSelectorOf,
  setField,
} from '@geobuk/api';
import type { Json, JsonObject, KubernetesObject, LabelSelector, MutableJsonObject } from '@geobuk/api';
import { findPath } from '../custom-resources/printer-columns.js';
import type { EndpointDeps } from '../endpoints/endpoint.js';
import { objectOf } from '../http/request-body.js';
import { served } from '../registry/as-served.js';
import { subjectOf } from '../resources/served-resource.js';
import type { ScalePaths, ServedResource } from '../resources/served-resource.js';
import type { Action } from './action.js';

const builtIn: ScalePaths = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
};

const pathsOf = ({ custom }: ServedResource): ScalePaths => custom?.scale ?? builtIn;

interface WantedScale {
  readonly replicas: number;
  readonly resourceVersion: string | undefined;
}

/** The size of a workload by itself. Follows: checklist 1.14.2. */
export const readScale =
  ({ registry }: EndpointDeps): Action =>
  async ({ resource, key, options }) => {
    const found = await registry.read(resource, key, options.signal);
    const { object } = await served(resource, found, options.signal);
    return { code: 200, value: scaleOf(resource, object) };
  };

export const updateScale =
  ({ registry }: EndpointDeps): Action =>
  async ({ resource, key, body, options }) => {
    const change = (current: KubernetesObject | undefined) => withReplicas(resource, current, key.name, body);
    const { result } = await registry.update(resource, key, change, { ...options, subresource: 'scale' });
    return { code: 200, value: scaleOf(resource, result.object) };
  };

/** By any kind of patch; `mediaType` says which. */
export const patchScale =
  ({ registry }: EndpointDeps, mediaType: string): Action =>
  async ({ resource, key, body, options }) => {
    const change = (current: KubernetesObject | undefined) => {
      const scale = current === undefined ? {} : scaleOf(resource, current);
      return withReplicas(resource, current, key.name, objectOf(patched(mediaType, scale, body as Json)));
    };
    const { result } = await registry.update(resource, key, change, { ...options, subresource: 'scale' });
    return { code: 200, value: scaleOf(resource, result.object) };
  };

function patched(type: string, scale: Json, patch: Json): Json {
  if (type === 'application/json-patch+json') return withoutVersion(applyJsonPatch(scale, patch), patch);
  const known = [
    'application/merge-patch+json',
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
  ];
  if (known.includes(type)) return withoutVersion(applyMergePatch(scale, patch), patch);
  throw ApiError.of(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, ${known.join(', ')}`,
  );
}

/** Only a patch that speaks of the version is held to it. */
function withoutVersion(scale: Json, patch: Json): Json {
  if (!isJsonObject(scale) || !isJsonObject(scale['metadata'])) return scale;
  const given =
    isJsonObject(patch) && isJsonObject(patch['metadata']) ? patch['metadata']['resourceVersion'] : undefined;
  return { ...scale, metadata: { ...scale['metadata'], resourceVersion: given } };
}

function wantedOf(resource: ServedResource, name: string, scale: JsonObject): WantedScale {
  const spec = isJsonObject(scale['spec']) ? scale['spec'] : {};
  const replicas = spec['replicas'] ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw ApiError.badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas must be an integer');
  }
  if (replicas < 0) {
    throw ApiError.invalid({ ...subjectOf(resource), group: 'autoscaling', kind: 'Scale' }, name, [
      invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  }
  const metadata = isJsonObject(scale['metadata']) ? scale['metadata'] : {};
  const version = metadata['resourceVersion'];
  return { replicas, resourceVersion: typeof version === 'string' && version !== '' ? version : undefined };
}

const first = (path: string, object: KubernetesObject): Json | undefined =>
  findPath(path, object as unknown as Json)[0];

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
  if (type.plural === 'replicationcontrollers')
    return formatLabelSelector(labelSelectorOf({ matchLabels: selector } as LabelSelector));
  return formatLabelSelector(labelSelectorOf(selector as LabelSelector));
}

function withReplicas(
  resource: ServedResource,
  object: KubernetesObject | undefined,
  name: string,
  scale: JsonObject,
): KubernetesObject {
  if (object === undefined) throw ApiError.notFound(subjectOf(resource), name);
  const { replicas, resourceVersion } = wantedOf(resource, name, scale);
  const steps = pathsOf(resource)
    .specReplicasPath.split('.')
    .filter((step) => step !== '');
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
