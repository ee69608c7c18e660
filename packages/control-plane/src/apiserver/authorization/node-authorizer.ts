import type { KubernetesObject, PersistentVolume, PersistentVolumeClaim, Pod } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { nodeOf } from '../authentication/user.js';
import type { User } from '../authentication/user.js';
import { storePrefix } from '../resources/served-resource.js';
import { noOpinion } from './authorizer.js';
import type { Attributes, Authorizer, Decision } from './authorizer.js';

const allow: Decision = { kind: 'allow', reason: '' };
const reads = new Set(['get', 'list', 'watch']);
const writes = new Set(['create', 'update', 'patch', 'delete']);

/** Everything that every node may do; which object of it is NodeRestriction's question. Follows: NodeRules of the bootstrap policy. */
const common: readonly { readonly group: string; readonly resource: string; readonly verbs: ReadonlySet<string> }[] = [
  { group: 'authentication.k8s.io', resource: 'tokenreviews', verbs: new Set(['create']) },
  { group: 'authorization.k8s.io', resource: 'subjectaccessreviews', verbs: new Set(['create']) },
  { group: 'authorization.k8s.io', resource: 'localsubjectaccessreviews', verbs: new Set(['create']) },
  { group: '', resource: 'services', verbs: reads },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: reads },
  { group: '', resource: 'nodes', verbs: new Set(['create', 'update', 'patch']) },
  { group: '', resource: 'nodes/status', verbs: new Set(['update', 'patch']) },
  { group: '', resource: 'pods', verbs: new Set(['create', 'delete']) },
  { group: '', resource: 'pods/status', verbs: new Set(['update', 'patch']) },
  { group: '', resource: 'pods/eviction', verbs: new Set(['create']) },
  { group: '', resource: 'events', verbs: new Set(['create', 'update', 'patch']) },
  { group: '', resource: 'persistentvolumeclaims/status', verbs: new Set(['get', 'update', 'patch']) },
  { group: 'events.k8s.io', resource: 'events', verbs: new Set(['create', 'update', 'patch']) },
  { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verbs: new Set(['create', ...reads]) },
  { group: 'node.k8s.io', resource: 'runtimeclasses', verbs: reads },
  { group: 'storage.k8s.io', resource: 'csidrivers', verbs: reads },
  { group: 'resource.k8s.io', resource: 'deviceclasses', verbs: reads },
];

/** Lets a node reach what its pods need, and no more. Follows: Node authorizer, checklist 2.5. */
export class NodeAuthorizer implements Authorizer {
  readonly #caches: WatchCaches;
  /** Pods by node, from the pods' cache. */
  readonly #pods = new Map<string, Map<string, Pod>>();
  readonly #nodeOfPod = new Map<string, string>();

  constructor({ caches }: { readonly caches: WatchCaches }) {
    this.#caches = caches;
  }

  /** Follows the pods until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const cache = this.#caches.cache(storePrefix('', 'pods'));
    while (!signal.aborted) {
      this.#pods.clear();
      this.#nodeOfPod.clear();
      for await (const items of cache.watch({ after: 'existing', signal })) {
        for (const item of items) {
          if (item.type === 'BOOKMARK') continue;
          if (item.type === 'DELETED') this.#forget(item.current.key);
          else this.#remember(item.current.key, item.current.object as Pod);
        }
      }
    }
  }

  #remember(key: string, pod: Pod): void {
    const node = pod.spec.nodeName;
    const before = this.#nodeOfPod.get(key);
    if (before !== undefined && before !== node) this.#forget(key);
    if (node === undefined || node === '') return;
    this.#nodeOfPod.set(key, node);
    let pods = this.#pods.get(node);
    if (pods === undefined) this.#pods.set(node, (pods = new Map()));
    pods.set(key, pod);
  }

  #forget(key: string): void {
    const node = this.#nodeOfPod.get(key);
    if (node === undefined) return;
    this.#nodeOfPod.delete(key);
    const pods = this.#pods.get(node);
    pods?.delete(key);
    if (pods?.size === 0) this.#pods.delete(node);
  }

  authorize(user: User, attributes: Attributes): Decision {
    const node = nodeOf(user);
    if (node === undefined || !attributes.isResource) return noOpinion();
    const { group, resource, subresource, verb, namespace, name } = attributes;
    const full = subresource === '' ? resource : `${resource}/${subresource}`;
    switch (full) {
      case 'secrets':
      case 'configmaps':
      case 'persistentvolumeclaims':
        if (group !== '') break;
        if (!reads.has(verb) || name === '') return noOpinion(`can only read resources of this type by name`);
        return this.#anyPod(node, namespace, (pod) => refersTo(pod, full, name)) ||
          (full === 'secrets' && this.#volumeNeeds(node, namespace, name))
          ? allow
          : noOpinion(`no relationship found between node '${node}' and this object`);
      case 'serviceaccounts':
        if (!reads.has(verb) || name === '') break;
        return this.#anyPod(node, namespace, (pod) => pod.spec.serviceAccountName === name) ? allow : noOpinion();
      case 'serviceaccounts/token':
        if (verb !== 'create') break;
        return this.#anyPod(node, namespace, (pod) => pod.spec.serviceAccountName === name)
          ? allow
          : noOpinion(`no relationship found between node '${node}' and this object`);
      case 'persistentvolumes':
        if (!reads.has(verb) || name === '') return noOpinion('can only read resources of this type by name');
        return this.#usesVolume(node, name) ? allow : noOpinion(noRelation(node));
      case 'volumeattachments':
        if (!reads.has(verb) || name === '') return noOpinion('can only read resources of this type by name');
        return this.#isAttachedTo(node, name) ? allow : noOpinion(noRelation(node));
      case 'nodes':
        if (group !== '' || !reads.has(verb)) break;
        return name === node ? allow : noOpinion(`node '${node}' cannot read '${name}', only its own Node object`);
      case 'pods': {
        if (group !== '' || !reads.has(verb)) break;
        const isOwn = attributes.fieldSelector?.some(
          ({ field, operator, value }) => field === 'spec.nodeName' && operator === '=' && value === node,
        );
        if (isOwn === true) return allow;
        if (name === '') return noOpinion(`can only list/watch pods with spec.nodeName field selector`);
        return this.#anyPod(node, namespace, ({ metadata }) => metadata.name === name)
          ? allow
          : noOpinion(noRelation(node));
      }
      case 'resourceslices': {
        if (group !== 'resource.k8s.io') break;
        const isOwn = attributes.fieldSelector?.some(
          ({ field, operator, value }) => field === 'spec.nodeName' && operator === '=' && value === node,
        );
        return isOwn === true || (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection')
          ? allow
          : noOpinion(`can only list/watch/deletecollection resourceslices with spec.nodeName field selector`);
      }
      case 'leases':
        if (namespace !== 'kube-node-lease') return noOpinion();
        return (reads.has(verb) || writes.has(verb)) && (name === node || (verb === 'create' && name === ''))
          ? allow
          : noOpinion(`can only access node lease with the same name as the requesting node`);
      case 'csinodes':
        return name === node || verb === 'create' ? allow : noOpinion();
    }
    const isCommon = common.some((rule) => rule.group === group && rule.resource === full && rule.verbs.has(verb));
    return isCommon ? allow : noOpinion();
  }

  /** A volume that a claim of some pod of the node is bound to. */
  #usesVolume(node: string, volume: string): boolean {
    const claims = this.#caches.cache(storePrefix('', 'persistentvolumeclaims'));
    for (const pod of this.#pods.get(node)?.values() ?? []) {
      for (const { name, persistentVolumeClaim, ephemeral } of pod.spec.volumes ?? []) {
        const claimName = ephemeral === undefined ? persistentVolumeClaim?.claimName : `${pod.metadata.name}-${name}`;
        if (claimName === undefined) continue;
        const claim = claims.get({ namespace: pod.metadata.namespace ?? '', name: claimName })?.object;
        if ((claim as PersistentVolumeClaim | undefined)?.spec.volumeName === volume) return true;
      }
    }
    return false;
  }

  #isAttachedTo(node: string, name: string): boolean {
    const found = this.#caches.cache(storePrefix('storage.k8s.io', 'volumeattachments')).get({ name })?.object;
    return (found as { readonly spec?: { readonly nodeName?: string } } | undefined)?.spec?.nodeName === node;
  }

  /** A secret that a CSI volume of some pod of the node names. */
  #volumeNeeds(node: string, namespace: string, secret: string): boolean {
    const claims = this.#caches.cache(storePrefix('', 'persistentvolumeclaims'));
    const volumes = this.#caches.cache(storePrefix('', 'persistentvolumes'));
    for (const pod of this.#pods.get(node)?.values() ?? []) {
      for (const { name, persistentVolumeClaim, ephemeral } of pod.spec.volumes ?? []) {
        const claimName = ephemeral === undefined ? persistentVolumeClaim?.claimName : `${pod.metadata.name}-${name}`;
        if (claimName === undefined) continue;
        const key = { namespace: pod.metadata.namespace ?? '', name: claimName };
        const claim = claims.get(key)?.object as PersistentVolumeClaim | undefined;
        const bound = volumes.get({ name: claim?.spec.volumeName ?? '' })?.object as PersistentVolume | undefined;
        const csi = bound?.spec.csi;
        const refs = [csi?.nodeStageSecretRef, csi?.nodePublishSecretRef, csi?.nodeExpandSecretRef];
        if (refs.some((ref) => ref?.name === secret && ref.namespace === namespace)) return true;
      }
    }
    return false;
  }

  #anyPod(node: string, namespace: string, wanted: (pod: Pod) => boolean): boolean {
    for (const pod of this.#pods.get(node)?.values() ?? []) {
      if (pod.metadata.namespace === namespace && wanted(pod)) return true;
    }
    return false;
  }
}

const noRelation = (node: string): string => `no relationship found between node '${node}' and this object`;

type ReferenceKind = 'secrets' | 'configmaps' | 'persistentvolumeclaims';

const referenceCache = new WeakMap<KubernetesObject, ReadonlySet<string>>();

function refersTo(pod: Pod, kind: ReferenceKind, name: string): boolean {
  let references = referenceCache.get(pod);
  if (references === undefined) referenceCache.set(pod, (references = referencesOf(pod)));
  return references.has(`${kind}/${name}`);
}

/** What a pod's node may read because of it. */
function referencesOf(pod: Pod): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (kind: ReferenceKind, name: string | undefined) => {
    if (name !== undefined) found.add(`${kind}/${name}`);
  };
  for (const { name } of pod.spec.imagePullSecrets ?? []) add('secrets', name);
  for (const volume of pod.spec.volumes ?? []) {
    add('secrets', volume.secret?.secretName);
    add('configmaps', volume.configMap?.name);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    add('secrets', volume.csi?.nodePublishSecretRef?.name);
    if (volume.ephemeral !== undefined) add('persistentvolumeclaims', `${pod.metadata.name}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add('secrets', source.secret?.name);
      add('configmaps', source.configMap?.name);
    }
  }
  const containers = [
    ...(pod.spec.initContainers ?? []),
    ...(pod.spec.containers ?? []),
    ...(pod.spec.ephemeralContainers ?? []),
  ];
  for (const { env, envFrom } of containers) {
    for (const { valueFrom } of env ?? []) {
      add('secrets', valueFrom?.secretKeyRef?.name);
      add('configmaps', valueFrom?.configMapKeyRef?.name);
    }
    for (const source of envFrom ?? []) {
      add('secrets', source.secretRef?.name);
      add('configmaps', source.configMapRef?.name);
    }
  }
  return found;
}
