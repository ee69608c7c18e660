import type { KubernetesObject, Pod } from '@geobuk/api';
import type { AdmissionRequest } from './admission.js';

export const isPod = ({ resource: { type } }: Pick<AdmissionRequest, 'resource'>): boolean =>
  type.group === '' && type.plural === 'pods';

export const isNode = ({ resource: { type } }: Pick<AdmissionRequest, 'resource'>): boolean =>
  type.group === '' && type.plural === 'nodes';

/** A pod that is being made; undefined for all else, and for one so incomplete that validation will refuse it anyway. */
export function newPod(object: KubernetesObject, request: AdmissionRequest): Pod | undefined {
  if (!isPod(request) || request.operation !== 'CREATE' || request.subresource !== '') return undefined;
  const { spec } = object as Partial<Pod>;
  return spec === undefined || !Array.isArray(spec.containers) ? undefined : (object as Pod);
}
