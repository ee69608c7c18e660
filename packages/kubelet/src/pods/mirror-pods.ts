import { ignoring, isAlreadyExists, isConflict, isNotFound, pods } from '@geobuk/api';
import type { Node, ObjectKey, Pod } from '@geobuk/api';
import { createKeyRunner, settled } from '@geobuk/client';
import type { Client, Clock, KeyRunner, ReconcileResult } from '@geobuk/client';
import type { Logger } from 'pino';
import type { PodSource } from './pod-source.js';
import { staticAnnotations } from './static-manifests.js';

export interface MirrorPodsDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: PodSource;
  readonly node: () => Node | undefined;
}

/** Before the node is registered there is nobody to own a mirror. */
const retryMs = 1000;

/** Shows static pods in the API, where they can be seen and not changed. Follows: mirror pods. */
export class MirrorPods {
  readonly #deps: MirrorPodsDeps;
  readonly #runner: KeyRunner<ObjectKey>;

  constructor(deps: MirrorPodsDeps) {
    this.#deps = deps;
    this.#runner = createKeyRunner<ObjectKey>({
      name: 'mirror-pod',
      clock: deps.clock,
      log: deps.log,
      concurrency: 2,
      backOff: { initialMs: 200, maxMs: 10_000 },
      reconcile: (key, { signal }) => this.#reconcile(key, signal),
    });
  }

  /** A static pod or a mirror of this name came, changed or went. */
  look(key: ObjectKey): void {
    this.#runner.add(key);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#runner.run(signal);
  }

  async #reconcile(key: ObjectKey, signal: AbortSignal): Promise<ReconcileResult> {
    const { client, source, node } = this.#deps;
    const wanted = source.staticPod(key);
    const mirror = source.mirror(key);
    if (mirror !== undefined && (mirror.metadata.deletionTimestamp !== undefined || !isMirrorOf(mirror, wanted))) {
      await client
        .delete(pods, key, { signal, uid: mirror.metadata.uid, gracePeriodSeconds: 0 })
        .catch(ignoring((error) => isNotFound(error) || isConflict(error)));
      return settled; // Its end is an event, and with it comes the next turn.
    }
    if (mirror !== undefined || wanted === undefined) return settled;
    const owner = node();
    if (owner?.metadata.uid === undefined) return { requeueAfterMs: retryMs };
    await client.create(pods, mirrorOf(wanted, owner), { signal }).catch(ignoring(isAlreadyExists));
    return settled;
  }
}

const isMirrorOf = ({ metadata }: Pod, wanted: Pod | undefined): boolean =>
  wanted !== undefined && metadata.annotations?.[staticAnnotations.hash] === wanted.metadata.uid;

/** The static pod as others see it. Pure. */
export function mirrorOf(pod: Pod, { metadata: node }: Node): Pod {
  const { uid = '', annotations, ...metadata } = pod.metadata;
  return {
    ...pod,
    metadata: {
      ...metadata,
      annotations: { ...annotations, [staticAnnotations.mirror]: uid },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Node', name: node.name ?? '', uid: node.uid ?? '', controller: true },
      ],
    },
  };
}
