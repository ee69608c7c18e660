import { ApiError, isAlreadyExists, isConflict, isNotFound, leases } from '@geobuk/api';
import type { Lease, Node } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import type { Logger } from 'pino';
import { rfc3339Micro } from '../pods/rfc3339.js';

export interface NodeLeaseDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly node: () => Node | undefined;
  /** The API server did not answer in time. */
  readonly silent: () => void;
  /** It answers again, after it was silent. */
  readonly heard: () => void;
  /** The lease was removed, as it is with its Node. */
  readonly lost: () => void;
}

const namespace = 'kube-node-lease';
const durationSeconds = 40;
const renewMs = 10_000;
const retryMs = 1000;

/** The node's heartbeat. Follows: kube-node-lease, 40 s, renewed every 10 s. */
export class NodeLease {
  readonly #deps: NodeLeaseDeps;
  #lease: Lease | undefined;
  #wasSilent = false;

  #had = false;

  constructor(deps: NodeLeaseDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      let waitMs = renewMs;
      try {
        using limit = deadline(signal, renewMs, clock);
        await this.#renew(limit.signal);
        if (this.#wasSilent) this.#deps.heard();
        this.#wasSilent = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError)) {
          this.#wasSilent = true;
          this.#deps.silent();
        }
        this.#lease = undefined;
        waitMs = retryMs;
        log[isConflict(error) ? 'debug' : 'warn']({ err: error }, 'lease not renewed, trying again');
      }
      await clock.after(waitMs, { signal }).catch(() => undefined);
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { client, clock, nodeName, node } = this.#deps;
    const spec = {
      holderIdentity: nodeName,
      leaseDurationSeconds: durationSeconds,
      renewTime: rfc3339Micro(clock.now()),
    };
    const owner = node();
    const ownerReferences =
      owner?.metadata.uid === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: owner.metadata.uid }] };
    const before = this.#lease ?? (await this.#read(signal));
    if (before !== undefined) {
      this.#had = true;
      this.#lease = await client.update(
        leases,
        { ...before, metadata: { ...before.metadata, ...ownerReferences }, spec: { ...before.spec, ...spec } },
        { signal },
      );
      return;
    }
    const fresh: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: nodeName, namespace, ...ownerReferences },
      spec,
    };
    try {
      this.#lease = await client.create(leases, fresh, { signal });
      // It goes with its Node: then that is gone too, and nobody else tells.
      if (this.#had) this.#deps.lost();
      this.#had = true;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, nodeName } = this.#deps;
    try {
      return await client.read(leases, { namespace, name: nodeName }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
