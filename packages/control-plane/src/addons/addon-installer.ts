import type { Addon, AddonRelease, AddonResource, AddonUpgrade, KubernetesObject } from '@geobuk/api';
import { ApiError, isConflict, isTooManyRequests } from '@geobuk/api';
import type { Client, Clock, ReconcileResult } from '@geobuk/client';
import { settled } from '@geobuk/client';
import { diffAddon, resourceId, resourceOf, resourceText } from './addon-diff.js';
import { says, stamped } from './addon-drift.js';
import type { AddonExaminer, AddonHealth } from './addon-examiner.js';
import { withFinalizer } from './addon-finalizer.js';
import type { AddonImages } from './addon-images.js';
import type { AddonPass, AddonReporter } from './addon-pass.js';
import { configValid, dependenciesMet } from './addon-pass.js';
import type { AddonPruner } from './addon-pruner.js';
import type { AddonResources } from './addon-resources.js';
import { hasObjects } from './addon-standing.js';
import type { AddonReport, ConditionWord } from './addon-status.js';
import { judgeUpgrade, upgradeRecord, upgradeTimeMs } from './addon-upgrade.js';
import type { AddonReleases } from './packages/addon-releases.js';

export interface AddonInstallerDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly resources: AddonResources;
  readonly pruner: AddonPruner;
  readonly examiner: AddonExaminer;
  readonly images: AddonImages;
  readonly releases: AddonReleases;
  readonly reporter: AddonReporter;
}

/** Objects of kinds that no watch covers, and checks that no event announces, are looked at again this often. */
const lookAgainMs = 5_000;
/** How long an addon may take to become ready before that counts as failure. */
const startTimeMs = 120_000;

/** Makes the cluster hold an addon's objects, watches over their health, and judges new versions by it. */
export class AddonInstaller {
  readonly #deps: AddonInstallerDeps;

  constructor(deps: AddonInstallerDeps) {
    this.#deps = deps;
  }

  async install(pass: AddonPass, objects: readonly KubernetesObject[]): Promise<ReconcileResult> {
    const { resources, pruner, client } = this.#deps;
    const { signal, trace } = pass;
    const name = pass.addon.metadata.name ?? '';
    const desired = objects.map(stamped);
    const recorded = pass.addon.status?.resources ?? [];
    const plan = diffAddon(desired, recorded, (resource) => resources.get(resource)); // diff
    const differing = await this.#confirmed(plan.apply, signal);
    if (differing.length > 0 && (!hasObjects(pass.addon) || pass.upgradeFrom !== undefined)) {
      const missing = await this.#deps.images.missing(objects, signal);
      if (missing.length > 0) return this.#reportMissing(pass, missing);
    }
    if (differing.length > 0 || plan.prune.length > 0) {
      trace.found(`${differing.length} objects differ, ${plan.prune.length} too many`);
      pass.addon = await withFinalizer(client, pass.addon, signal);
      await this.#recordInventory(pass, plan.inventory);
    }
    for (const object of differing) {
      const type = resources.typeOf(resourceOf(object));
      await client.apply(type, object, { signal, fieldManager: `geobuk-addon-${name}`, force: true }); // act
      trace.did(`applied ${resourceText(resourceOf(object))}`);
    }
    const pruned = await pruner.prune(plan.prune, { addon: name, deleteData: false, signal });
    for (const resource of pruned.removed) trace.did(`removed ${resourceText(resource)}`);
    const inventory = [...desired.map(resourceOf), ...pruned.left];
    const isSettled = plan.apply.length === 0 && plan.prune.length === 0;
    const result = await this.#reportHealth(pass, inventory, pass.release?.facts.version, isSettled);
    return pruned.left.length > 0 ? { requeueAfterMs: lookAgainMs } : result;
  }

  /** Leaves what is there as it is, and says how it is. */
  observe(pass: AddonPass): Promise<ReconcileResult> {
    const { status } = pass.addon;
    return this.#reportHealth(pass, status?.resources ?? [], status?.installedVersion, true);
  }

  /** A refusal of the API; while a new version is tried, one that trying again does not mend takes it back. */
  async reportFailure(pass: AddonPass, error: Error): Promise<void> {
    const { addon, upgradeFrom, release } = pass;
    const { status } = addon;
    const { reporter, clock } = this.#deps;
    const upgrade = upgradeFrom && release && upgradeRecord(addon, upgradeFrom, release, reporter.now());
    const isLate = upgrade !== undefined && clock.now() - Date.parse(upgrade.startedAt) >= upgradeTimeMs;
    const judged: AddonUpgrade | undefined =
      upgrade !== undefined && (isLate || isFinal(error))
        ? { ...upgrade, state: 'RolledBack', message: error.message }
        : upgrade;
    const report: AddonReport = {
      phase: 'Failed',
      conditions: [
        dependenciesMet,
        { type: 'Applied', status: 'False', reason: 'Refused', message: error.message },
        { type: 'Ready', status: 'False', reason: 'Refused', message: error.message },
      ],
      resources: status?.resources ?? [],
      installedVersion: status?.installedVersion,
      error: { reason: 'Refused', message: error.message, hint: 'it is tried again by itself' },
    };
    const record = { release: status?.release, upgrade: judged ?? status?.upgrade };
    await reporter.report(pass, report, record).catch(() => undefined); // the first failure is the one to be thrown
  }

  /** Those that differ on the server too: the cache may be behind our own last write. */
  async #confirmed(objects: readonly KubernetesObject[], signal: AbortSignal): Promise<readonly KubernetesObject[]> {
    const differing: KubernetesObject[] = [];
    for (const object of objects) {
      const live = await this.#deps.resources.read(resourceOf(object), { signal });
      if (live === undefined || !says(live, object)) differing.push(object);
    }
    return differing;
  }

  /** Before anything is applied, so that a crash in between leaves nothing that nobody knows of. */
  async #recordInventory(pass: AddonPass, inventory: readonly AddonResource[]): Promise<void> {
    const recorded = new Set((pass.addon.status?.resources ?? []).map(resourceId));
    if (inventory.every((resource) => recorded.has(resourceId(resource)))) return;
    const { status } = pass.addon;
    await this.#deps.reporter.report(pass, {
      phase: status?.phase === 'Ready' ? 'Ready' : 'Installing',
      conditions: [
        dependenciesMet,
        configValid,
        { type: 'Applied', status: 'False', reason: 'Applying', message: `${inventory.length} objects` },
        { type: 'Ready', status: 'False', reason: 'Applying' },
      ],
      resources: inventory,
      installedVersion: status?.installedVersion,
    });
  }

  async #reportMissing(pass: AddonPass, missing: readonly string[]): Promise<ReconcileResult> {
    const { status } = pass.addon;
    const message = `no node has ${missing.join(', ')}, and no registry gives it`;
    const hint = `bring it to the nodes: geobuk image import FILE`;
    await this.#deps.reporter.report(pass, {
      phase: hasObjects(pass.addon) ? (status?.phase ?? 'Blocked') : 'Blocked',
      conditions: [
        dependenciesMet,
        configValid,
        { type: 'Applied', status: 'False', reason: 'MissingImage', message },
        { type: 'Ready', status: 'False', reason: 'MissingImage', message },
      ],
      resources: status?.resources ?? [],
      installedVersion: status?.installedVersion,
      error: { reason: 'MissingImage', message, hint },
    });
    return { requeueAfterMs: lookAgainMs };
  }

  async #reportHealth(
    pass: AddonPass,
    inventory: readonly AddonResource[],
    version: string | undefined,
    isSettled: boolean,
  ): Promise<ReconcileResult> {
    const { resources, examiner, clock, reporter } = this.#deps;
    const { addon, release, upgradeFrom, signal } = pass;
    if (release === undefined) return settled;
    const now = clock.now();
    const applied = addon.status?.conditions?.find(({ type }) => type === 'Applied');
    const since = applied?.status === 'True' ? Date.parse(applied.lastTransitionTime) : now;
    const isUpgrade = upgradeFrom !== undefined;
    const wasReady = !isUpgrade && (addon.status?.phase === 'Ready' || addon.status?.phase === 'Degraded');
    const overdue = !isUpgrade && now - since >= startTimeMs;
    const found = await examiner.examine(release.facts, { wasReady, overdue, signal });
    // What the checks say before the world has seen the new objects is about the old ones.
    const health: AddonHealth =
      isSettled || found.phase !== 'Ready' || !isUpgrade
        ? found
        : { ...found, phase: 'Installing', message: 'applied' };
    const judged = isUpgrade
      ? judgeUpgrade(upgradeRecord(addon, upgradeFrom, release, reporter.now()), health, now)
      : undefined;
    const record = await this.#recordOf(pass, health, judged?.upgrade);
    const phase = judged?.upgrade.state === 'Progressing' ? 'Installing' : health.phase;
    const isReady = phase === 'Ready';
    const message = judged === undefined ? health.message : upgradeText(judged.upgrade, health.message);
    await reporter.report(
      pass,
      {
        phase,
        conditions: [
          dependenciesMet,
          configValid,
          { type: 'Applied', status: 'True', reason: 'Applied', message: `${inventory.length} objects` },
          isReady
            ? { type: 'Ready', status: 'True', reason: 'Healthy', message: 'all checks hold' }
            : { type: 'Ready', status: 'False', reason: phase, message },
          upToDate(pass, version, judged?.upgrade),
        ],
        resources: inventory.map((resource) => ({ ...resource, ready: isThere(resources, resource) })),
        installedVersion: version,
        ...(phase === 'Degraded' || phase === 'Failed'
          ? { error: { reason: 'Unhealthy', message: health.message, hint: hintOf(addon) } }
          : {}),
      },
      record,
    );
    if (judged?.lookAgainMs !== undefined) {
      return { requeueAfterMs: health.mustAskAgain ? Math.min(judged.lookAgainMs, lookAgainMs) : judged.lookAgainMs };
    }
    if (health.mustAskAgain || !inventory.every(resources.isWatched)) return { requeueAfterMs: lookAgainMs };
    return health.phase === 'Installing' ? { requeueAfterMs: since + startTimeMs - now } : settled;
  }

  /** A version that is healthy is the one to go back to from now on; the ones before it are given up. */
  async #recordOf(
    pass: AddonPass,
    health: AddonHealth,
    upgrade: AddonUpgrade | undefined,
  ): Promise<{ readonly release: AddonRelease | undefined; readonly upgrade: AddonUpgrade | undefined }> {
    const { releases } = this.#deps;
    const { addon, release, held, signal } = pass;
    const before = addon.status?.release;
    const record = { release: before, upgrade: upgrade ?? addon.status?.upgrade };
    const isProven = upgrade === undefined ? health.phase === 'Ready' : upgrade.state === 'Succeeded';
    if (!isProven || release === undefined || held !== undefined) return record;
    if (upgrade === undefined && before?.version === release.facts.version) return record;
    const kept = await releases.keep(addon, release, { signal });
    if (kept === undefined) return record;
    if (before !== undefined && before.integrity !== kept.integrity)
      await releases.forgetOthers(addon, [kept], { signal });
    return { ...record, release: kept };
  }
}

function upToDate(
  { availableVersion, held }: AddonPass,
  version: string | undefined,
  upgrade: AddonUpgrade | undefined,
): ConditionWord {
  if (upgrade?.state === 'Progressing') {
    const message = `${upgrade.to} takes the place of ${upgrade.from}, which is kept until it is healthy`;
    return { type: 'UpToDate', status: 'False', reason: 'Upgrading', message };
  }
  if (upgrade?.state === 'RolledBack') {
    const message = `${upgrade.to} is taken back for ${upgrade.from}: ${upgrade.message ?? ''}`;
    return { type: 'UpToDate', status: 'False', reason: 'RolledBack', message };
  }
  if (held !== undefined) return { type: 'UpToDate', status: 'False', ...held };
  return version === availableVersion
    ? { type: 'UpToDate', status: 'True', reason: 'UpToDate', message: version }
    : { type: 'UpToDate', status: 'False', reason: 'Pinned', message: `${availableVersion ?? ''} is available` };
}

function upgradeText({ state, to }: AddonUpgrade, message: string): string {
  if (state === 'Progressing') return `${to} is on trial${message === '' ? '' : `: ${message}`}`;
  return message;
}

/** The API will say the same again: the objects themselves are at fault. */
const isFinal = (error: Error): boolean => {
  if (!(error instanceof ApiError)) return true; // the package fails
  const { code = 500 } = error.status;
  return code >= 400 && code < 500 && !isConflict(error) && !isTooManyRequests(error);
};

const isThere = (resources: AddonResources, resource: AddonResource): boolean =>
  !resources.isWatched(resource) || resources.get(resource) !== undefined;

const hintOf = ({ metadata }: Addon): string =>
  `kubectl -n kube-system describe pods -l addons.geobuk.dev/addon=${metadata.name ?? ''}`;
