import type {
  KubernetesObject,
  ObjectKey,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ResourceType,
} from '@geobuk/api';
import {
  formatKey,
  ignoring,
  isNotFound,
  keyOf,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  uidOf,
} from '@geobuk/api';
import type { Client, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';
import { byClaim, claimIndex, claimsOfPod } from './claims-of-pod.js';

export interface VolumeProtectionDeps {
  readonly client: Client;
  readonly informers: Informers;
}

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';

/** A pod holds its claims from its binding to its end. */
const holds = ({ spec, status }: Pod): boolean =>
  spec.nodeName !== undefined && spec.nodeName !== '' && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

/** Keeps a claim as long as a pod uses it. Follows: pvc-protection controller. */
export class ClaimProtectionController implements Controller {
  readonly name = 'persistentvolumeclaim-protection';
  readonly watches;
  readonly #deps: VolumeProtectionDeps;
  readonly #claims: Lister<PersistentVolumeClaim>;
  readonly #pods: Lister<Pod>;

  constructor(deps: VolumeProtectionDeps) {
    this.#deps = deps;
    const podInformer = deps.informers.of(pods);
    podInformer.addIndex(claimIndex, byClaim);
    this.#pods = podInformer.lister;
    this.#claims = deps.informers.of(persistentVolumeClaims).lister;
    this.watches = [
      primary(persistentVolumeClaims),
      mapped(pods, (now, before) => (now !== undefined && holds(now) ? [] : claimsOfPod((now ?? before) as Pod))),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client } = this.#deps;
    const claim = this.#claims.get(key);
    if (claim === undefined) return settled;
    const inUse = (): boolean => this.#pods.byIndex(claimIndex, formatKey(key)).some(holds);
    if (claim.metadata.deletionTimestamp !== undefined && !inUse()) {
      // What the cache does not show may still use it.
      const { items } = await client.list(pods, { namespace: key.namespace, signal });
      const used = items.some((pod) => holds(pod) && claimsOfPod(pod).some(({ name }) => name === key.name));
      if (used) return settled;
    }
    await protect(client, persistentVolumeClaims, claim, claimFinalizer, inUse(), signal, trace);
    return settled;
  }
}

/** Keeps a volume as long as a claim is bound to it. Follows: pv-protection controller. */
export class VolumeProtectionController implements Controller {
  readonly name = 'persistentvolume-protection';
  readonly watches = [primary(persistentVolumes)];
  readonly #deps: VolumeProtectionDeps;
  readonly #volumes: Lister<PersistentVolume>;

  constructor(deps: VolumeProtectionDeps) {
    this.#deps = deps;
    this.#volumes = deps.informers.of(persistentVolumes).lister;
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const volume = this.#volumes.get(key);
    if (volume === undefined) return settled;
    const bound = volume.status?.phase === 'Bound';
    await protect(this.#deps.client, persistentVolumes, volume, volumeFinalizer, bound, signal, trace);
    return settled;
  }
}

async function protect<T extends KubernetesObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
  inUse: boolean,
  signal: AbortSignal,
  trace: ReconcileContext['trace'],
): Promise<void> {
  const { finalizers = [], deletionTimestamp, resourceVersion } = object.metadata;
  const present = finalizers.includes(finalizer);
  const wanted = deletionTimestamp === undefined || (present && inUse);
  if (present === wanted) return;
  const next = wanted ? [...finalizers, finalizer] : finalizers.filter((name) => name !== finalizer);
  const body = { metadata: { uid: uidOf(object), resourceVersion, finalizers: next } };
  await client.patch(type, keyOf(object), { type: 'merge', body }, { signal }).catch(ignoring(isNotFound));
  trace.did(wanted ? 'protected it' : 'let it go');
}
