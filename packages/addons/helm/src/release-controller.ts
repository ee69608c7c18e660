import type { Condition, ObjectKey } from '@geobuk/api';
import { ApiError, ignoring, isNotFound } from '@geobuk/api';
import { CommandError } from '@geobuk/addon-sdk';
import type {
  Client,
  Clock,
  Controller,
  EventRecorder,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { primary, settled } from '@geobuk/client';
import type { HelmCommand, ReleaseRef } from './helm-command.js';
import type { HelmRelease, HelmReleaseStatus, HistoryEntry } from './helm-release.js';
import { helmReleases, releaseNameOf, targetOf } from './helm-release.js';
import type { ReleaseFiles, ReleaseInput } from './release-files.js';
import { BadRelease } from './release-files.js';

export interface ReleaseControllerDeps {
  readonly client: Pick<Client, 'patch'>;
  readonly releaseLister: Lister<HelmRelease>;
  readonly helm: Pick<HelmCommand, 'history' | 'upgrade' | 'rollback' | 'uninstall' | 'manifest'>;
  readonly files: Pick<ReleaseFiles, 'prepare' | 'kubeconfig' | 'forget'>;
  /** Objects that are not as the release applied them any more, such as `Deployment default/web`. */
  readonly drifted: (release: HelmRelease, manifest: string, signal: AbortSignal) => Promise<readonly string[]>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

export const releaseFinalizer = 'helm.geobuk.dev/uninstall';
const messageLimit = 1_024;

/** 10 s, 20 s, 40 s, … and five minutes at most. */
const retryMs = (failures: number): number => Math.min(300_000, 10_000 * 2 ** failures);

/** check (helm's history, the values, the cluster) → diff → act, for one HelmRelease. */
export class ReleaseController implements Controller {
  readonly name = 'helm-release';
  readonly concurrency = 2;
  readonly watches = [primary(helmReleases)];
  readonly #deps: ReleaseControllerDeps;
  /** By uid: when a release that failed may be tried again. */
  readonly #notBefore = new Map<string, number>();

  constructor(deps: ReleaseControllerDeps) {
    this.#deps = deps;
  }

  /** @throws {Error} helm or the API fail in a way that may pass: the runner tries again. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { releaseLister, files, clock } = this.#deps;
    const release = releaseLister.get(key); // check
    if (release === undefined) return settled;
    if (release.metadata.deletionTimestamp !== undefined) return this.#remove(release, signal);
    if (release.metadata.finalizers?.includes(releaseFinalizer) !== true) {
      await this.#setFinalizers(release, [...(release.metadata.finalizers ?? []), releaseFinalizer], signal);
      return settled; // its change is an event
    }
    const { spec } = release;
    if (spec.suspend === true) return settled;
    const again: ReconcileResult = { requeueAfterMs: (spec.intervalSeconds ?? 300) * 1000 };
    let input: ReleaseInput;
    try {
      input = await files.prepare(release, signal);
    } catch (error) {
      if (!(error instanceof BadRelease)) throw error;
      await this.#report(release, { ready: ['False', 'InvalidSpec', error.message] }, signal);
      return again;
    }
    const ref = this.#refOf(release, input.kubeconfig);
    const history = await this.#settledHistory(release, ref, signal);
    const newest = history.at(-1);
    const attempted = release.status?.attemptedDigest === input.digest;
    if (newest?.status === 'deployed' && attempted && (release.status?.failures ?? 0) === 0)
      return this.#watchDrift(release, ref, input, history, again, signal);
    const failures = attempted ? (release.status?.failures ?? 0) : 0;
    if (attempted && failures > (spec.retries ?? 3)) return again; // Given up until something changes.
    // Our own report of a failure is an event too: it must not be what starts the next try.
    const waitMs = (attempted ? (this.#notBefore.get(release.metadata.uid ?? '') ?? 0) : 0) - clock.now();
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    trace.found(newest === undefined ? 'not installed' : 'chart or values differ');
    const failed = await this.#upgrade(release, ref, input, history, failures, signal); // act
    trace.did(`helm upgrade of ${ref.name}`);
    return failed ? { requeueAfterMs: retryMs(failures) } : again;
  }

  /** @returns whether it failed. */
  async #upgrade(
    release: HelmRelease,
    ref: ReleaseRef,
    input: ReleaseInput,
    before: readonly HistoryEntry[],
    failures: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { helm, events, clock } = this.#deps;
    const {
      chart,
      timeoutSeconds = 300,
      historyLimit = 10,
      createNamespace = false,
      onFailure,
      retries = 3,
    } = release.spec;
    const { digest, valuesFile, repository } = input;
    try {
      const options = { valuesFile, timeoutSeconds, historyLimit, createNamespace, repository, version: chart.version };
      await helm.upgrade(ref, { ...options, chart: input.chart }, signal);
    } catch (error) {
      if (!(error instanceof CommandError) || signal.aborted) throw error;
      const why = (error.stderr === '' ? error.message : error.stderr).slice(0, messageLimit);
      events.record(release, 'Warning', 'UpgradeFailed', why);
      const undone =
        (onFailure ?? 'Rollback') === 'Rollback' ? await this.#undo(ref, before, timeoutSeconds, signal) : '';
      const givenUp = failures + 1 > retries ? '; given up until the release changes' : '';
      await this.#report(
        release,
        {
          ready: ['False', 'UpgradeFailed', `${why}${undone}${givenUp}`],
          attemptedDigest: digest,
          failures: failures + 1,
          history: await helm.history(ref, historyLimit, signal),
        },
        signal,
      );
      this.#notBefore.set(release.metadata.uid ?? '', clock.now() + retryMs(failures));
      return true;
    }
    this.#notBefore.delete(release.metadata.uid ?? '');
    const history = await helm.history(ref, historyLimit, signal);
    const revision = history.at(-1)?.revision;
    events.record(release, 'Normal', 'Upgraded', `revision ${revision ?? ''} of ${ref.name} is deployed`);
    await this.#report(
      release,
      {
        ready: ['True', 'Deployed', ''],
        drift: ['False', 'InSync', ''],
        attemptedDigest: digest,
        failures: 0,
        history,
      },
      signal,
    );
    return false;
  }

  /** @returns what was done, for people. */
  async #undo(
    ref: ReleaseRef,
    before: readonly HistoryEntry[],
    timeoutSeconds: number,
    signal: AbortSignal,
  ): Promise<string> {
    const good = before.findLast(({ status }) => status === 'deployed' || status === 'superseded');
    try {
      if (good === undefined) {
        await this.#deps.helm.uninstall(ref, timeoutSeconds, signal);
        return '; uninstalled again';
      }
      await this.#deps.helm.rollback(ref, good.revision, timeoutSeconds, signal);
      return `; rolled back to revision ${good.revision}`;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return `; and it cannot be undone: ${error.message.slice(0, messageLimit)}`;
    }
  }

  /** A helm that was killed leaves a pending revision that no other may touch; nobody but us works on this release. */
  async #settledHistory(release: HelmRelease, ref: ReleaseRef, signal: AbortSignal): Promise<readonly HistoryEntry[]> {
    const { helm } = this.#deps;
    const { historyLimit = 10, timeoutSeconds = 300 } = release.spec;
    const history = await helm.history(ref, historyLimit, signal);
    if (history.at(-1)?.status.startsWith('pending') !== true) return history;
    await this.#undo(ref, history, timeoutSeconds, signal);
    return helm.history(ref, historyLimit, signal);
  }

  async #watchDrift(
    release: HelmRelease,
    ref: ReleaseRef,
    input: ReleaseInput,
    history: readonly HistoryEntry[],
    again: ReconcileResult,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { helm, drifted, events } = this.#deps;
    const mode = release.spec.drift ?? 'Report';
    let names: readonly string[];
    try {
      names = mode === 'Ignore' ? [] : await drifted(release, await helm.manifest(ref, signal), signal);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Such as an account that may write but not read.
      const unknown: ConditionText = ['Unknown', 'CheckFailed', error.message.slice(0, messageLimit)];
      await this.#report(release, { ready: ['True', 'Deployed', ''], drift: unknown, history }, signal);
      return again;
    }
    if (names.length > 0 && mode === 'Repair') {
      events.record(release, 'Normal', 'DriftRepaired', names.join(', ').slice(0, messageLimit));
      await this.#upgrade(release, ref, input, history, 0, signal);
      return again;
    }
    const drift: ConditionText =
      names.length === 0 ? ['False', 'InSync', ''] : ['True', 'Drifted', names.join(', ').slice(0, messageLimit)];
    await this.#report(release, { ready: ['True', 'Deployed', ''], drift, history }, signal);
    return again;
  }

  async #remove(release: HelmRelease, signal: AbortSignal): Promise<ReconcileResult> {
    const { helm, files } = this.#deps;
    const finalizers = release.metadata.finalizers ?? [];
    if (!finalizers.includes(releaseFinalizer)) return settled;
    const ref = this.#refOf(release, await files.kubeconfig(release));
    await helm.uninstall(ref, release.spec.timeoutSeconds ?? 300, signal);
    await files.forget(release);
    this.#notBefore.delete(release.metadata.uid ?? '');
    await this.#setFinalizers(
      release,
      finalizers.filter((one) => one !== releaseFinalizer),
      signal,
    );
    return settled;
  }

  #refOf(release: HelmRelease, kubeconfig: string): ReleaseRef {
    return { name: releaseNameOf(release), namespace: targetOf(release), kubeconfig };
  }

  async #setFinalizers({ metadata }: HelmRelease, finalizers: readonly string[], signal: AbortSignal): Promise<void> {
    const key = { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
    const body = { metadata: { resourceVersion: metadata.resourceVersion, finalizers } };
    await this.#deps.client.patch(helmReleases, key, { type: 'merge', body }, { signal }).catch(ignoring(isNotFound));
  }

  async #report(release: HelmRelease, news: ReleaseNews, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#deps;
    const { metadata, status: before } = release;
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const conditionOf = (type: string, word: ConditionText | undefined): readonly Condition[] => {
      const old = before?.conditions?.find((one) => one.type === type);
      if (word === undefined) return old === undefined ? [] : [old];
      const [status, reason, message] = word;
      const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
      return [{ type, status, reason, message, lastTransitionTime, observedGeneration: metadata.generation }];
    };
    const history = news.history ?? before?.history ?? [];
    const status: HelmReleaseStatus = {
      observedGeneration: metadata.generation,
      conditions: [...conditionOf('Ready', news.ready), ...conditionOf('Drifted', news.drift)],
      revision: history.at(-1)?.revision,
      attemptedDigest: news.attemptedDigest ?? before?.attemptedDigest,
      failures: news.failures ?? before?.failures ?? 0,
      history,
    };
    const same = JSON.stringify(sorted(before)) === JSON.stringify(sorted(status));
    if (same) return; // A write that changes nothing would be an event, and that another pass.
    const key = { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
    const options = { signal, subresource: 'status' };
    await client.patch(helmReleases, key, { type: 'merge', body: { status } }, options).catch(ignoring(isNotFound));
  }
}

type ConditionText = readonly [status: 'True' | 'False' | 'Unknown', reason: string, message: string];

interface ReleaseNews {
  readonly ready: ConditionText;
  readonly drift?: ConditionText;
  readonly attemptedDigest?: string;
  readonly failures?: number;
  readonly history?: readonly HistoryEntry[];
}

/** With the fields in one order, whoever wrote it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}
