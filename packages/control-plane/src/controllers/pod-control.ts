import type { KubernetesObject, Pod } from '@geobuk/api';
import { formatKey, isNotFound, keyOf, pods, uidOf } from '@geobuk/api';
import type { Client, EventRecorder, ReconcileContext } from '@geobuk/client';
import { allSettledOrThrow } from '@geobuk/client';
import type { Expectations } from './expectations.js';
import { inSlowStartBatches } from './slow-start.js';

export interface PodControlDeps {
  readonly client: Client;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly expectations: Expectations;
}

type Context = Pick<ReconcileContext, 'signal' | 'trace'>;

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/**
 * Creates and deletes the pods of an owner so that nothing is done twice: each act is expected until its event has come back, and
 * each is told to people. Follows: RealPodControl with ControllerExpectations.
 */
export class PodControl {
  readonly #deps: PodControlDeps;

  constructor(deps: PodControlDeps) {
    this.#deps = deps;
  }

  /** In batches that grow: a quota or a bad template costs one refused request. @returns the first error, if there was one. */
  async create(owner: KubernetesObject, wanted: readonly Pod[], { signal, trace }: Context): Promise<unknown> {
    const { client, recorder, expectations } = this.#deps;
    const id = formatKey(keyOf(owner));
    expectations.expectCreations(id, wanted.length);
    const { skipped, error } = await inSlowStartBatches(wanted, async (pod) => {
      try {
        const { metadata } = await client.create(pods, pod, { signal });
        trace.did(`created pod ${metadata.name ?? ''}`);
        recorder.record(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${metadata.name ?? ''}`);
      } catch (cause) {
        expectations.creationSettled(id);
        if (!signal.aborted) recorder.record(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(cause)}`);
        throw cause;
      }
    });
    for (let i = 0; i < skipped; i += 1) expectations.creationSettled(id);
    return error;
  }

  /**
   * @param before runs for each pod just before its deletion.
   * @throws {AggregateError | ApiError} refusals, after all were tried; a pod that is gone already is none.
   */
  async remove(
    owner: KubernetesObject,
    surplus: readonly Pod[],
    { signal, trace }: Context,
    before?: (pod: Pod) => Promise<void>,
  ): Promise<void> {
    const { client, recorder, expectations } = this.#deps;
    const id = formatKey(keyOf(owner));
    expectations.expectDeletions(id, surplus.map(uidOf));
    await allSettledOrThrow(
      surplus.map(async (pod) => {
        const uid = uidOf(pod);
        try {
          await before?.(pod);
          await client.delete(pods, keyOf(pod), { signal, uid });
          trace.did(`deleted pod ${pod.metadata.name ?? ''}`);
          recorder.record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name ?? ''}`);
        } catch (cause) {
          expectations.deletionSettled(id, uid);
          if (isNotFound(cause)) return;
          if (!signal.aborted) recorder.record(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(cause)}`);
          throw cause;
        }
      }),
    );
  }
}
