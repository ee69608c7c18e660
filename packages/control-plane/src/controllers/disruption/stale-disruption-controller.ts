import type { ObjectKey, Pod } from '@geobuk/api';
import { ignoring, isNotFound, pods, uidOf } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, settled } from '@geobuk/client';
import { isPodActive, podCondition } from '../pod-state.js';
import { rfc3339 } from '../rfc3339.js';

export interface StaleDisruptionControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
}

/** Who said that it would disrupt a pod does so by then, or not at all. Follows: stalePodDisruptionTimeout. */
const staleAfterMs = 120_000;

/** When the word that a pod is to be disrupted is no longer believed: epoch milliseconds; undefined when there is none. Pure. */
export function staleAt(pod: Pod): number | undefined {
  const condition = podCondition(pod, 'DisruptionTarget');
  // What a kubelet ends may take any time.
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet' || !isPodActive(pod))
    return undefined;
  const since = Date.parse(condition.lastTransitionTime ?? '');
  return Number.isNaN(since) ? undefined : since + staleAfterMs;
}

/** Takes the condition DisruptionTarget back from pods that were not disrupted after all. Follows: disruption controller. */
export class StaleDisruptionController implements Controller {
  readonly name = 'disruption-stale-condition';
  readonly watches = [
    mapped(pods, (now) =>
      now === undefined || staleAt(now) === undefined
        ? []
        : [{ namespace: now.metadata.namespace, name: now.metadata.name ?? '' }],
    ),
  ];
  readonly #deps: StaleDisruptionControllerDeps;
  readonly #pods: Lister<Pod>;

  constructor(deps: StaleDisruptionControllerDeps) {
    this.#deps = deps;
    this.#pods = deps.informers.of(pods).lister;
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const pod = this.#pods.get(key); // check
    const at = pod === undefined ? undefined : staleAt(pod);
    if (pod === undefined || at === undefined) return settled;
    if (at > clock.now()) return { requeueAfterMs: at - clock.now() }; // diff
    trace.found('it was to be disrupted, and was not');
    const condition = { type: 'DisruptionTarget', status: 'False', lastTransitionTime: rfc3339(clock.now()) };
    const body = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } };
    await client
      .patch(pods, key, { type: 'strategic', body }, { signal, subresource: 'status' }) // act
      .catch(ignoring(isNotFound));
    trace.did('took the condition back');
    return settled;
  }
}
