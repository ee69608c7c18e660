import type { PersistentVolume, PersistentVolumeClaim } from '@geobuk/api';
import { formatKey, keyOf, persistentVolumeClaims, persistentVolumes, uidOf } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { allSettledOrThrow, deadline } from '@geobuk/client';
import type { NodeInfo, PodInfo } from '../node-info.js';
import type { VolumeLookup } from './volume-lookup.js';
import { isBound } from './volume-lookup.js';
import type { VolumePlan } from './volume-plan.js';
import { planVolumes, selectedNode } from './volume-plan.js';

/** Follows: bindTimeoutSeconds. */
const standardBindTimeoutMs = 600_000;

export interface VolumeBinderDeps {
  readonly client: Client;
  readonly lookup: VolumeLookup;
  readonly bindTimeoutMs?: number | undefined;
}

/** Gets the unbound claims of a pod their volumes, once its node is decided. Follows: VolumeBinder (AssumePodVolumes, BindPodVolumes). */
export class VolumeBinder {
  readonly #client: Client;
  readonly #lookup: VolumeLookup;
  readonly #bindTimeoutMs: number;
  readonly #taken = new Set<string>();
  readonly #waiting = new Set<() => void>();

  constructor({ client, lookup, bindTimeoutMs = standardBindTimeoutMs }: VolumeBinderDeps) {
    this.#bindTimeoutMs = bindTimeoutMs;
    this.#client = client;
    this.#lookup = lookup;
  }

  /** Volumes promised to pods that are being bound. */
  get taken(): ReadonlySet<string> {
    return this.#taken;
  }

  /** Promises the volumes at once; nothing when all claims are bound. */
  reserve(pod: PodInfo, node: NodeInfo): VolumePlan | undefined {
    if (pod.claims.length === 0) return undefined;
    const unbound = this.#claims(pod).filter((claim) => !isBound(claim));
    if (unbound.length === 0) return undefined;
    const plan = planVolumes(unbound, node, this.#lookup, this.#taken);
    if (typeof plan === 'string') throw new Error(`the volumes of ${formatKey(keyOf(pod.pod))} are gone again`);
    for (const { volume } of plan.bind) this.#taken.add(volume.metadata.name ?? '');
    return plan;
  }

  release(plan: VolumePlan): void {
    for (const { volume } of plan.bind) this.#taken.delete(volume.metadata.name ?? '');
  }

  /**
   * Writes the plan and waits until the volume controllers have carried it out.
   * @throws {Error} a provisioner gave the node up again, or it took too long.
   */
  async bind(pod: PodInfo, node: NodeInfo, plan: VolumePlan, signal: AbortSignal): Promise<void> {
    using limit = deadline(signal, this.#bindTimeoutMs);
    await allSettledOrThrow([
      ...plan.bind.map(({ claim, volume }) => this.#promise(claim, volume, limit.signal)),
      ...plan.provision.map((claim) => this.#select(claim, node.name, limit.signal)),
    ]);
    const chosen = new Set(plan.provision.map((claim) => formatKey(keyOf(claim))));
    let seen = false;
    await this.#until(() => {
      const claims = this.#claims(pod);
      if (claims.length < pod.claims.length) throw new Error('a claim was deleted while its volume was made');
      const picked = claims.every(
        (claim) =>
          !chosen.has(formatKey(keyOf(claim))) ||
          isBound(claim) ||
          claim.metadata.annotations?.[selectedNode] === node.name,
      );
      // Our own annotation takes a moment to come back; gone after that means that the provisioner wants another node.
      if (seen && !picked) throw new Error(`the provisioner refused node ${node.name}`);
      seen ||= picked;
      return claims.every(isBound);
    }, limit.signal);
  }

  /** To be called when claims change. */
  claimsChanged(): void {
    for (const look of [...this.#waiting]) look();
  }

  #claims({ claims }: PodInfo): readonly PersistentVolumeClaim[] {
    return claims.flatMap((key) => this.#lookup.claim(key) ?? []);
  }

  async #promise(claim: PersistentVolumeClaim, volume: PersistentVolume, signal: AbortSignal): Promise<void> {
    const { namespace, name } = keyOf(claim);
    const claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name,
      uid: uidOf(claim),
      resourceVersion: claim.metadata.resourceVersion,
    };
    const body = {
      metadata: {
        resourceVersion: volume.metadata.resourceVersion,
        annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' },
      },
      spec: { claimRef },
    };
    await this.#client.patch(persistentVolumes, keyOf(volume), { type: 'merge', body }, { signal });
  }

  async #select(claim: PersistentVolumeClaim, node: string, signal: AbortSignal): Promise<void> {
    const body = { metadata: { uid: uidOf(claim), annotations: { [selectedNode]: node } } };
    await this.#client.patch(persistentVolumeClaims, keyOf(claim), { type: 'merge', body }, { signal });
  }

  async #until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const finish = (end: () => void): void => {
        this.#waiting.delete(look);
        signal.removeEventListener('abort', abort);
        end();
      };
      const abort = (): void => finish(() => reject(signal.reason as Error));
      const look = (): void => {
        try {
          if (holds()) finish(resolve);
        } catch (error) {
          finish(() => reject(error as Error));
        }
      };
      this.#waiting.add(look);
      if (signal.aborted) abort();
      else {
        signal.addEventListener('abort', abort, { once: true });
        look();
      }
    });
  }
}
