import { ApiError, deepEqual } from '@geobuk/api';
import type { Node, Pod } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { nodeOf } from '../authentication/user.js';
import { storePrefix, subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from './admission.js';
import { isNode, isPod } from './kinds.js';

const allowedLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]);

/** A node changes itself and its own pods, nothing else. Follows: NodeRestriction, checklist 2.5.3. */
export function nodeRestriction({ caches }: { readonly caches: WatchCaches }): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    validate(object, request, old) {
      const node = nodeOf(request.user);
      if (node === undefined) return;
      if (isNode(request)) checkNode(node, object as Node | undefined, request, old as Node | undefined);
      else if (isPod(request)) checkPod(node, object as Pod | undefined, request, old as Pod | undefined, caches);
      else if (request.resource.type.plural === 'csinodes' && request.name !== node)
        throw refused(request, `can only access CSINode with the same name as the requesting node`);
      else if (request.resource.type.plural === 'leases' && request.operation === 'CREATE' && request.name !== node) {
        throw refused(request, `can only access node lease with the same name as the requesting node`);
      }
    },
  };
}

const refused = (request: AdmissionRequest, why: string): ApiError =>
  ApiError.forbidden(subjectOf(request.resource), request.name, why);

function checkNode(node: string, object: Node | undefined, request: AdmissionRequest, old: Node | undefined): void {
  if (request.name !== node) throw refused(request, `node "${node}" is not allowed to modify node "${request.name}"`);
  if (object === undefined || request.subresource !== '') return;
  if ((object.spec as { readonly configSource?: unknown }).configSource !== undefined)
    throw refused(request, `node "${node}" is not allowed to set spec.configSource`);
  if (!deepEqual(old?.metadata.ownerReferences ?? [], object.metadata.ownerReferences ?? []))
    throw refused(request, `node "${node}" is not allowed to modify ownerReferences`);
  if (old !== undefined && !deepEqual(old.spec.taints ?? [], object.spec.taints ?? [])) {
    throw refused(request, `node "${node}" is not allowed to modify taints`);
  }
  const before = old?.metadata.labels ?? {};
  const after = object.metadata.labels ?? {};
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => before[key] !== after[key],
  );
  const bad = changed.filter(isForbiddenLabel);
  if (bad.length > 0) {
    throw refused(request, `is not allowed to modify labels: ${bad.sort().join(', ')}`);
  }
}

function isForbiddenLabel(key: string): boolean {
  const prefix = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  const inDomain = (domain: string) => prefix === domain || prefix.endsWith(`.${domain}`);
  if (inDomain('node-restriction.kubernetes.io')) return true;
  if (!inDomain('kubernetes.io') && !inDomain('k8s.io')) return false;
  return !(allowedLabels.has(key) || inDomain('kubelet.kubernetes.io') || inDomain('node.kubernetes.io'));
}

function checkPod(
  node: string,
  object: Pod | undefined,
  request: AdmissionRequest,
  old: Pod | undefined,
  caches: WatchCaches,
): void {
  if (request.subresource === 'eviction') {
    const key = { namespace: request.namespace ?? '', name: request.name };
    const pod = caches.cache(storePrefix('', 'pods')).get(key)?.object as Pod | undefined;
    if (pod?.spec.nodeName !== node)
      throw refused(request, `node "${node}" can only evict pods with spec.nodeName set to itself`);
    return;
  }
  switch (request.operation) {
    case 'CREATE': {
      if (object?.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined) {
        throw refused(
          request,
          `pod does not have "kubernetes.io/config.mirror" annotation, node "${node}" can only create mirror pods`,
        );
      }
      if (object.spec.nodeName !== node)
        throw refused(request, `node "${node}" can only create pods with spec.nodeName set to itself`);
      checkMirrorPod(node, object, request);
      return;
    }
    case 'UPDATE':
      if (old?.spec.nodeName !== node)
        throw refused(request, `node "${node}" can only update pod status for pods with spec.nodeName set to itself`);
      if (request.subresource !== 'status')
        throw refused(request, `node "${node}" cannot update pods except for their status`);
      if (!deepEqual(old.metadata.labels ?? {}, object?.metadata.labels ?? {}))
        throw refused(request, `node "${node}" cannot update labels through pod status`);
      return;
    case 'DELETE':
      if (old?.spec.nodeName !== node)
        throw refused(request, `node "${node}" can only delete pods with spec.nodeName set to itself`);
      return;
    case 'CONNECT':
      return;
    default:
      request.operation satisfies never;
  }
}

/** A mirror pod only shows what the node runs by itself: it gives the node no way to anything. */
function checkMirrorPod(node: string, { spec, metadata }: Pod, request: AdmissionRequest): void {
  const owners = metadata.ownerReferences ?? [];
  if (owners.some(({ kind, name }) => kind !== 'Node' || name !== node))
    throw refused(request, `node "${node}" can only create pods with an owner reference set to itself`);
  const volumes = spec.volumes ?? [];
  const what =
    spec.serviceAccountName !== undefined && spec.serviceAccountName !== ''
      ? 'a service account'
      : volumes.some(({ secret, projected }) => secret !== undefined || projected !== undefined) ||
          usesIn(spec, 'secret')
        ? 'secrets'
        : volumes.some(({ configMap }) => configMap !== undefined) || usesIn(spec, 'configMap')
          ? 'configmaps'
          : volumes.some(({ persistentVolumeClaim, ephemeral }) => (persistentVolumeClaim ?? ephemeral) !== undefined)
            ? 'persistentvolumeclaims'
            : undefined;
  if (what === undefined) return;
  throw refused(request, `node "${node}" can not create pods that reference ${what}`);
}

const usesIn = ({ containers, initContainers }: Pod['spec'], kind: 'secret' | 'configMap'): boolean =>
  [...containers, ...(initContainers ?? [])].some(
    ({ env, envFrom }) =>
      (env ?? []).some(({ valueFrom }) => valueFrom?.[`${kind}KeyRef`] !== undefined) ||
      (envFrom ?? []).some((source) => source[`${kind}Ref`] !== undefined),
  );
