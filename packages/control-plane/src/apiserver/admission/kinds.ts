import type { AdmissionRequest } from './admission.js';

export const isPod = ({ resource: { type } }: Pick<AdmissionRequest, 'resource'>): boolean =>
  type.group === '' && type.plural === 'pods';

export const isNode = ({ resource: { type } }: Pick<AdmissionRequest, 'resource'>): boolean =>
  type.group === '' && type.plural === 'nodes';
