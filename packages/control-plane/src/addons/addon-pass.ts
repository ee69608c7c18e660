import type { Addon, AddonRelease, AddonSize, AddonUpgrade } from '@geobuk/api';
import { addons } from '@geobuk/api';
import type { Client, Clock, ReconcileResult, ReconcileTrace } from '@geobuk/client';
import { settled } from '@geobuk/client';
import type { AddonReport, ConditionWord } from './addon-status.js';
import { nextStatus } from './addon-status.js';
import type { LoadedRelease } from './packages/addon-releases.js';

/** One look at one addon, from what is wished to what was done. */
export interface AddonPass {
  /** As last written. */
  addon: Addon;
  /** The version that is to be there; undefined when no package is to be had. */
  readonly release: LoadedRelease | undefined;
  /** The version that the wish means, which may be another one. */
  readonly availableVersion: string | undefined;
  readonly size: AddonSize | undefined;
  /** Set while `release` has to prove itself against the one before. */
  readonly upgradeFrom: AddonRelease | undefined;
  /** Why the version that is wanted is not the one that is there. */
  readonly held: { readonly reason: string; readonly message: string } | undefined;
  readonly signal: AbortSignal;
  readonly trace: ReconcileTrace;
}

/** Says in an Addon's status what a pass found; writes only what is news. */
export class AddonReporter {
  readonly #client: Client;
  readonly #clock: Clock;

  constructor({ client, clock }: { readonly client: Client; readonly clock: Clock }) {
    this.#client = client;
    this.#clock = clock;
  }

  /** RFC 3339, whole seconds. */
  now(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  async report(
    pass: AddonPass,
    report: AddonReport,
    record: { readonly release?: AddonRelease | undefined; readonly upgrade?: AddonUpgrade | undefined } = pass.addon
      .status ?? {},
  ): Promise<ReconcileResult> {
    const { release, availableVersion, size } = pass;
    const facts = { facts: release?.facts, availableVersion, size, ...pickRecord(record) };
    const status = nextStatus(pass.addon, facts, report, this.now());
    if (status === undefined) return settled;
    if (status.phase !== pass.addon.status?.phase) pass.trace.did(`is ${String(status.phase)}`);
    pass.addon = await this.#client.updateStatus(addons, { ...pass.addon, status }, { signal: pass.signal });
    return settled;
  }
}

const pickRecord = ({
  release,
  upgrade,
}: {
  readonly release?: AddonRelease | undefined;
  readonly upgrade?: AddonUpgrade | undefined;
}) => ({ release, upgrade });

export const dependenciesMet: ConditionWord = { type: 'DependenciesMet', status: 'True', reason: 'Met' };
export const configValid: ConditionWord = { type: 'ConfigValid', status: 'True', reason: 'Valid' };
