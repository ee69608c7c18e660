import type { ReferenceGrant } from './gateway-api.js';
import { gatewayGroup } from './gateway-api.js';

export interface CrossReference {
  readonly fromKind: 'Gateway' | 'HTTPRoute';
  readonly fromNamespace: string;
  readonly toKind: 'Service' | 'Secret';
  readonly toNamespace: string;
  readonly toName: string;
}

/** Whether the other namespace lets itself be referred to. Follows: ReferenceGrant; one's own namespace needs none. */
export function isGranted(reference: CrossReference, grants: readonly ReferenceGrant[]): boolean {
  const { fromKind, fromNamespace, toKind, toNamespace, toName } = reference;
  if (fromNamespace === toNamespace) return true;
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === toNamespace &&
      spec.from.some(
        ({ group, kind, namespace }) => group === gatewayGroup && kind === fromKind && namespace === fromNamespace,
      ) &&
      spec.to.some(({ group, kind, name }) => group === '' && kind === toKind && (name ?? toName) === toName),
  );
}
