import { ApiError, serverSideApply } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import { resetFieldsOf } from './managed-fields.js';
import { timestamp } from './metadata.js';

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force: boolean;
  /** '' is the object itself. */
  readonly subresource: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Server-side apply; held to a resourceVersion only when the applied object names one. @throws {ApiError} Conflict. */
export function applyTo(
  resource: ServedResource,
  current: KubernetesObject | undefined,
  applied: KubernetesObject,
  { fieldManager, force, subresource, now }: ApplyOptions,
): KubernetesObject {
  const { resourceVersion, ...metadata } = applied.metadata;
  if (current === undefined && metadata.uid !== undefined && metadata.uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`;
    throw ApiError.conflict(subjectOf(resource), metadata.name ?? '', why);
  }
  const after = serverSideApply({
    schema: resource.schema,
    manager: fieldManager,
    apiVersion: resource.apiVersion,
    subresource,
    now: timestamp(now),
    resetFields: resetFieldsOf(resource, subresource),
    live: current,
    applied: { ...applied, metadata },
    force,
  });
  const annotations =
    fieldManager === clientSideManager && after !== current
      ? withLastApplied(after, applied)
      : after.metadata.annotations;
  return {
    ...after,
    metadata: { ...after.metadata, ...(annotations === undefined ? {} : { annotations }), resourceVersion },
  };
}

const clientSideManager = 'kubectl';
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Where client-side apply left what it applied, that stays true for its next use. Follows: lastAppliedUpdater. */
function withLastApplied({ metadata }: KubernetesObject, applied: KubernetesObject): typeof metadata.annotations {
  const { annotations } = metadata;
  if (annotations?.[lastAppliedAnnotation] === undefined) return annotations;
  const { [lastAppliedAnnotation]: _own, ...others } = applied.metadata.annotations ?? {};
  const { resourceVersion: _version, ...rest } = applied.metadata;
  const metadataApplied = Object.keys(others).length > 0 ? { ...rest, annotations: others } : rest;
  return { ...annotations, [lastAppliedAnnotation]: `${JSON.stringify({ ...applied, metadata: metadataApplied })}\n` };
}
