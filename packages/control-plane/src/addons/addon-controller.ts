import type { Addon, AddonCluster, AddonDefinition, AddonResource, KubernetesObject, ObjectKey } from '@geobuk/api';
import { addons, keyOf } from '@geobuk/api';
import type {
  Client,
  Clock,
  Controller,
  Lister,
  ReconcileContext,
  ReconcileResult,
  ReconcileTrace,
  WatchSource,
} from '@geobuk/client';
import { mapped, settled } from '@geobuk/client';
import type { AddonCatalogue } from './addon-catalogue.js';
import { diffAddon, resourceId, resourceOf, resourceText } from './addon-diff.js';
import { says } from './addon-drift.js';
import type { AddonExaminer } from './addon-examiner.js';
import type { AddonPruner } from './addon-pruner.js';
import { pruneFinalizer, withFinalizer } from './addon-finalizer.js';
import type { AddonResources } from './addon-resources.js';
import type { AddonStanding } from './addon-standing.js';
import { standingOf } from './addon-standing.js';
import type { AddonReport, ConditionWord } from './addon-status.js';
import { nextStatus } from './addon-status.js';

export interface AddonControllerDeps {
  readonly client: Client;
  readonly addonLister: Lister<Addon>;
  readonly watches: readonly WatchSource[];
  readonly catalogue: AddonCatalogue;
  readonly cluster: AddonCluster;
  readonly resources: AddonResources;
  readonly pruner: AddonPruner;
  readonly examiner: AddonExaminer;
  readonly clock: Clock;
}

/** Objects of kinds that no watch covers, and checks that no event announces, are looked at again this often. */
const lookAgainMs = 5_000;
/** How long an addon may take to become ready before that counts as failure. */
const startTimeMs = 120_000;

const met: ConditionWord = { type: 'DependenciesMet', status: 'True', reason: 'Met' };
const validConfig: ConditionWord = { type: 'ConfigValid', status: 'True', reason: 'Valid' };

interface Pass {
  addon: Addon;
  readonly definition: AddonDefinition | undefined;
  readonly signal: AbortSignal;
  readonly trace: ReconcileTrace;
}

/**
 * Makes the cluster hold exactly what the Addon objects wish: check (wish, packages, live objects), diff, act.
 * Everything is applied server-side as `geobuk-addon-<name>`, so that fields of others survive.
 */
export class AddonController implements Controller {
  readonly name = 'addon';
  readonly watches: readonly WatchSource[];
  readonly concurrency = 2;
  readonly #deps: AddonControllerDeps;

  constructor(deps: AddonControllerDeps) {
    this.#deps = deps;
    // A change of one may be what another waits for.
    const everyone = mapped(addons, () => deps.addonLister.list().map(keyOf));
    this.watches = [everyone, ...deps.watches];
  }

  /** @throws {ApiError} any refusal of a write; it stands in the addon's status too. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { addonLister, catalogue, cluster } = this.#deps;
    const addon = addonLister.get(key); // check
    if (addon === undefined) return settled;
    const pass: Pass = { addon, definition: catalogue.get(key.name), signal, trace };
    const standing = standingOf(addon, addonLister.list(), catalogue, cluster); // diff, first half
    try {
      return await this.#act(pass, standing);
    } catch (error) {
      if (!signal.aborted) await this.#reportFailure(pass, error as Error);
      throw error;
    }
  }

  async #act(pass: Pass, standing: AddonStanding): Promise<ReconcileResult> {
    const kept = pass.addon.status?.resources ?? [];
    const installed = pass.addon.status?.installedVersion;
    switch (standing.kind) {
      case 'install':
        return this.#install(pass, standing.objects);
      case 'remove':
        return this.#remove(pass, standing.after);
      case 'pinned':
        return this.#reportHealth(pass, kept, installed);
      case 'unknown': {
        const message = `no installed package brings the addon ${pass.addon.metadata.name ?? ''}`;
        const error = { reason: 'UnknownPackage', message, hint: 'install its npm package on the control plane' };
        return this.#report(pass, {
          phase: 'Failed',
          conditions: [],
          resources: kept,
          installedVersion: installed,
          error,
        });
      }
      case 'badConfig': {
        const { message } = standing;
        const hint = 'correct spec.config; the addon goes on with what it had';
        return this.#report(pass, {
          phase: kept.length === 0 ? 'Failed' : 'Degraded',
          conditions: [met, { type: 'ConfigValid', status: 'False', reason: 'Invalid', message }],
          resources: kept,
          installedVersion: installed,
          error: { reason: 'InvalidConfig', message, hint },
        });
      }
      case 'waiting':
        return this.#report(pass, {
          phase: 'Pending',
          conditions: [unmet('WaitingForDependency', `waiting for ${standing.on.join(', ')}`)],
          resources: kept,
          installedVersion: installed,
        });
      case 'blocked': {
        const { reason, message, hint } = standing;
        return this.#report(pass, {
          phase: 'Blocked',
          conditions: [unmet(reason, message)],
          resources: kept,
          installedVersion: installed,
          error: { reason, message, hint },
        });
      }
      case 'needed': {
        const message = `cannot be disabled: ${standing.by.join(', ')} need it`;
        const hint = `disable ${standing.by.join(', ')} too (--cascade), or enable this addon again`;
        return this.#report(pass, {
          phase: 'Blocked',
          conditions: [met, { type: 'Pruned', status: 'False', reason: 'Needed', message }],
          resources: kept,
          installedVersion: installed,
          error: { reason: 'Needed', message, hint },
        });
      }
      default:
        return standing satisfies never;
    }
  }

  async #install(pass: Pass, desired: readonly KubernetesObject[]): Promise<ReconcileResult> {
    const { resources, pruner, client } = this.#deps;
    const { signal, trace, definition } = pass;
    const name = pass.addon.metadata.name ?? '';
    const recorded = pass.addon.status?.resources ?? [];
    const plan = diffAddon(desired, recorded, (resource) => resources.get(resource)); // diff, second half
    const differing = await this.#confirmed(plan.apply, signal);
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
    const result = await this.#reportHealth(pass, inventory, definition?.version);
    return pruned.left.length > 0 ? { requeueAfterMs: lookAgainMs } : result;
  }

  /** Those that differ on the server too: the cache may be behind our own last write. */
  async #confirmed(objects: readonly KubernetesObject[], signal: AbortSignal): Promise<readonly KubernetesObject[]> {
    const differing: KubernetesObject[] = [];
    for (const object of objects) {
      // A kind that is not there yet may be brought by an object before this one.
      const live = await this.#deps.resources.read(resourceOf(object), { signal }).catch(() => undefined);
      if (live === undefined || !says(live, object)) differing.push(object);
    }
    return differing;
  }

  /** Before anything is applied, so that a crash in between leaves nothing that nobody knows of. */
  async #recordInventory(pass: Pass, inventory: readonly AddonResource[]): Promise<void> {
    const recorded = new Set((pass.addon.status?.resources ?? []).map(resourceId));
    if (inventory.every((resource) => recorded.has(resourceId(resource)))) return;
    const { status } = pass.addon;
    await this.#report(pass, {
      phase: status?.phase === 'Ready' ? 'Ready' : 'Installing',
      conditions: [
        met,
        validConfig,
        { type: 'Applied', status: 'False', reason: 'Applying', message: `${inventory.length} objects` },
        { type: 'Ready', status: 'False', reason: 'Applying' },
      ],
      resources: inventory,
      installedVersion: status?.installedVersion,
    });
  }

  async #reportHealth(
    pass: Pass,
    inventory: readonly AddonResource[],
    version: string | undefined,
  ): Promise<ReconcileResult> {
    const { resources, examiner, clock } = this.#deps;
    const { addon, definition, signal } = pass;
    if (definition === undefined) return settled;
    const applied = addon.status?.conditions?.find(({ type }) => type === 'Applied');
    const since = applied?.status === 'True' ? Date.parse(applied.lastTransitionTime) : clock.now();
    const wasReady = addon.status?.phase === 'Ready' || addon.status?.phase === 'Degraded';
    const overdue = clock.now() - since >= startTimeMs;
    const health = await examiner.examine(definition, { wasReady, overdue, signal });
    const isReady = health.phase === 'Ready';
    const availableVersion = definition.version;
    await this.#report(pass, {
      phase: health.phase,
      conditions: [
        met,
        validConfig,
        { type: 'Applied', status: 'True', reason: 'Applied', message: `${inventory.length} objects` },
        isReady
          ? { type: 'Ready', status: 'True', reason: 'Healthy', message: 'all checks hold' }
          : { type: 'Ready', status: 'False', reason: health.phase, message: health.message },
        version === availableVersion
          ? { type: 'UpToDate', status: 'True', reason: 'UpToDate', message: version }
          : { type: 'UpToDate', status: 'False', reason: 'Pinned', message: `${availableVersion} is available` },
      ],
      resources: inventory.map((resource) => ({ ...resource, ready: isThere(resources, resource) })),
      installedVersion: version,
      ...(health.phase === 'Degraded' || health.phase === 'Failed'
        ? { error: { reason: 'Unhealthy', message: health.message, hint: hintOf(addon) } }
        : {}),
    });
    if (health.mustAskAgain || !inventory.every(resources.isWatched)) return { requeueAfterMs: lookAgainMs };
    return health.phase === 'Installing' ? { requeueAfterMs: since + startTimeMs - clock.now() } : settled;
  }

  async #remove(pass: Pass, after: readonly string[]): Promise<ReconcileResult> {
    const { pruner, client } = this.#deps;
    const { addon, signal, trace } = pass;
    const inventory = addon.status?.resources ?? [];
    const name = addon.metadata.name ?? '';
    if (after.length > 0) {
      await this.#report(pass, this.#removing(pass, inventory, `waiting for ${after.join(', ')} to go first`));
      return settled;
    }
    if (inventory.length > 0) trace.found(`${inventory.length} objects too many`);
    const deleteData = addon.spec.onDisable?.data === 'Delete';
    const result = await pruner.prune(inventory.toReversed(), { addon: name, deleteData, signal });
    for (const resource of result.removed) trace.did(`removed ${resourceText(resource)}`);
    if (result.left.length > 0 && result.kept.length < result.left.length) {
      await this.#report(pass, this.#removing(pass, result.left, `waiting for ${result.waitingFor ?? 'the rest'}`));
      return { requeueAfterMs: 1_000 };
    }
    if (result.waitingFor !== undefined && inventory.length > 0) {
      await this.#report(pass, this.#removing(pass, inventory, `waiting for ${result.waitingFor}`));
      return { requeueAfterMs: 1_000 };
    }
    const keeps = result.kept.join(', ');
    await this.#report(pass, {
      phase: 'Disabled',
      conditions: [
        keeps === ''
          ? { type: 'Pruned', status: 'True', reason: 'Pruned', message: 'nothing is left' }
          : { type: 'Pruned', status: 'False', reason: 'DataRetained', message: `kept, since in use: ${keeps}` },
      ],
      resources: result.left,
      installedVersion: undefined,
    });
    if (addon.metadata.deletionTimestamp !== undefined && addon.metadata.finalizers?.includes(pruneFinalizer) === true)
      await withFinalizer(client, pass.addon, signal, false);
    return keeps === '' ? settled : { requeueAfterMs: 60_000 };
  }

  #removing(pass: Pass, left: readonly AddonResource[], message: string): AddonReport {
    return {
      phase: left.length === 0 ? 'Disabled' : 'Disabling',
      conditions: [{ type: 'Pruned', status: 'False', reason: 'Removing', message }],
      resources: left,
      installedVersion: pass.addon.status?.installedVersion,
    };
  }

  async #reportFailure(pass: Pass, error: Error): Promise<void> {
    const { status } = pass.addon;
    await this.#report(pass, {
      phase: 'Failed',
      conditions: [
        met,
        { type: 'Applied', status: 'False', reason: 'Refused', message: error.message },
        { type: 'Ready', status: 'False', reason: 'Refused', message: error.message },
      ],
      resources: status?.resources ?? [],
      installedVersion: status?.installedVersion,
      error: { reason: 'Refused', message: error.message, hint: 'it is tried again by itself' },
    }).catch(() => undefined); // the first failure is the one to be thrown
  }

  async #report(pass: Pass, report: AddonReport): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const status = nextStatus(pass.addon, pass.definition, report, now);
    if (status === undefined) return settled;
    if (status.phase !== pass.addon.status?.phase) pass.trace.did(`is ${String(status.phase)}`);
    pass.addon = await client.updateStatus(addons, { ...pass.addon, status }, { signal: pass.signal });
    return settled;
  }
}

const unmet = (reason: string, message: string): ConditionWord => ({
  type: 'DependenciesMet',
  status: 'False',
  reason,
  message,
});

const isThere = (resources: AddonResources, resource: AddonResource): boolean =>
  !resources.isWatched(resource) || resources.get(resource) !== undefined;

const hintOf = ({ metadata }: Addon): string =>
  `kubectl -n kube-system describe pods -l addons.geobuk.dev/addon=${metadata.name ?? ''}`;
