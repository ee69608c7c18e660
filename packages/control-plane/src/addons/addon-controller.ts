import type { Addon, AddonNode, AddonSize, KubernetesObject, ObjectKey } from '@geobuk/api';
import { addons, keyOf, parseQuantity, resolveAddonConfig } from '@geobuk/api';
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
import type { AddonExaminer } from './addon-examiner.js';
import type { AddonImages } from './addon-images.js';
import { AddonInstaller } from './addon-installer.js';
import type { AddonPass } from './addon-pass.js';
import { AddonReporter, dependenciesMet } from './addon-pass.js';
import type { AddonPruner } from './addon-pruner.js';
import { AddonRemover } from './addon-remover.js';
import type { AddonResources } from './addon-resources.js';
import type { AddonStanding } from './addon-standing.js';
import { hasObjects, standingOf } from './addon-standing.js';
import type { ConditionWord } from './addon-status.js';
import { chooseRelease } from './addon-upgrade.js';
import { asksBeyond, asksOf, asksText } from './packages/addon-asks.js';
import type { AddonReleases, WantedRelease } from './packages/addon-releases.js';
import { registryAskMs } from './packages/package-releases.js';
import { containersOf } from './pod-specs.js';

export interface AddonControllerDeps {
  readonly client: Client;
  readonly addonLister: Lister<Addon>;
  readonly watches: readonly WatchSource[];
  readonly catalogue: AddonCatalogue;
  readonly releases: AddonReleases;
  readonly resources: AddonResources;
  readonly pruner: AddonPruner;
  readonly examiner: AddonExaminer;
  readonly images: AddonImages;
  readonly clock: Clock;
}

/** A package that cannot be had is asked for again this often. */
const packageAgainMs = 30_000;

/**
 * Makes the cluster hold exactly what the Addon objects wish: check (wish, packages, live objects), diff, act.
 * Everything is applied server-side as `geobuk-addon-<name>`, so that fields of others survive.
 */
export class AddonController implements Controller {
  readonly name = 'addon';
  readonly watches: readonly WatchSource[];
  readonly concurrency = 2;
  readonly #deps: AddonControllerDeps;
  readonly #reporter: AddonReporter;
  readonly #installer: AddonInstaller;
  readonly #remover: AddonRemover;

  constructor(deps: AddonControllerDeps) {
    this.#deps = deps;
    this.#reporter = new AddonReporter(deps);
    this.#installer = new AddonInstaller({ ...deps, reporter: this.#reporter });
    this.#remover = new AddonRemover({ ...deps, reporter: this.#reporter });
    // A change of one may be what another waits for.
    const everyone = mapped(addons, () => deps.addonLister.list().map(keyOf));
    this.watches = [everyone, ...deps.watches];
  }

  /** @throws {ApiError} any refusal of a write; it stands in the addon's status too. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { addonLister, releases } = this.#deps;
    const addon = addonLister.get(key); // check
    if (addon === undefined) return settled;
    const wanted = await releases.wanted(addon, { signal });
    const pass = await this.#passOf(addon, wanted, signal, trace);
    if (wanted.kind === 'problem' && addon.spec.enabled && pass.release === undefined)
      return this.#reportProblem(pass, wanted);
    const standing = standingOf(addon, pass.release?.facts, addonLister.list(), this.#nodeOf); // diff, first half
    try {
      const result = await this.#act(pass, standing);
      return wanted.kind === 'problem' && addon.spec.enabled
        ? { requeueAfterMs: packageAgainMs }
        : this.#again(addon, result);
    } catch (error) {
      if (!signal.aborted) await this.#installer.reportFailure(pass, error as Error);
      throw error;
    }
  }

  /** Which version this pass is about. What runs goes on while another one cannot be had. */
  async #passOf(addon: Addon, wanted: WantedRelease, signal: AbortSignal, trace: ReconcileTrace): Promise<AddonPass> {
    const { releases } = this.#deps;
    const base = { addon, signal, trace, upgradeFrom: undefined, held: undefined, size: undefined };
    const at = addon.status?.release;
    if (wanted.kind !== 'release') {
      const kept =
        at === undefined || wanted.kind === 'unknown' ? undefined : await releases.kept(addon, at, { signal });
      const held = wanted.kind === 'problem' ? { reason: wanted.reason, message: wanted.message } : undefined;
      return { ...base, release: kept, availableVersion: addon.status?.availableVersion, held };
    }
    const { release } = wanted;
    const availableVersion = release.facts.version;
    const size = await this.#sizeOf(addon, wanted, signal);
    const choice = chooseRelease(addon, release);
    if (choice.kind === 'wanted') return { ...base, release, availableVersion, size };
    if (choice.kind === 'upgrade') return { ...base, release, availableVersion, size, upgradeFrom: choice.from };
    const kept = await releases.kept(addon, choice.at, { signal });
    // Without the old package there is nothing to stay at.
    if (kept === undefined) return { ...base, release, availableVersion, size };
    const { reason, message } = choice;
    return { ...base, release: kept, availableVersion, size, held: { reason, message } };
  }

  async #act(pass: AddonPass, standing: AddonStanding): Promise<ReconcileResult> {
    const kept = pass.addon.status?.resources ?? [];
    const installed = pass.addon.status?.installedVersion;
    switch (standing.kind) {
      case 'install':
        return this.#install(pass, standing.config);
      case 'remove':
        return this.#remover.remove(pass, standing.after);
      case 'unknown': {
        const message = `no installed package brings the addon ${pass.addon.metadata.name ?? ''}`;
        const hint = 'give its package: geobuk addon install FILE, or spec.source';
        return this.#reporter.report(pass, {
          phase: 'Failed',
          conditions: [],
          resources: kept,
          installedVersion: installed,
          error: { reason: 'UnknownPackage', message, hint },
        });
      }
      case 'badConfig': {
        const { message } = standing;
        const hint = 'correct spec.config; the addon goes on with what it had';
        return this.#reporter.report(pass, {
          phase: kept.length === 0 ? 'Failed' : 'Degraded',
          conditions: [dependenciesMet, { type: 'ConfigValid', status: 'False', reason: 'Invalid', message }],
          resources: kept,
          installedVersion: installed,
          error: { reason: 'InvalidConfig', message, hint },
        });
      }
      case 'waiting':
        return this.#reporter.report(pass, {
          phase: 'Pending',
          conditions: [unmet('WaitingForDependency', `waiting for ${standing.on.join(', ')}`)],
          resources: kept,
          installedVersion: installed,
        });
      case 'blocked': {
        const { reason, message, hint } = standing;
        return this.#reporter.report(pass, {
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
        return this.#reporter.report(pass, {
          phase: 'Blocked',
          conditions: [dependenciesMet, { type: 'Pruned', status: 'False', reason: 'Needed', message }],
          resources: kept,
          installedVersion: installed,
          error: { reason: 'Needed', message, hint },
        });
      }
      default:
        return standing satisfies never;
    }
  }

  async #install(pass: AddonPass, config: Readonly<Record<string, unknown>>): Promise<ReconcileResult> {
    const { addon, release, held, signal } = pass;
    if (release === undefined) return settled;
    const { updatePolicy } = addon.spec;
    const installed = addon.status?.installedVersion;
    const isOther = installed !== undefined && installed !== release.facts.version;
    // Pinned before anything was kept: what is there cannot be made again, only watched over.
    if (updatePolicy === 'Pinned' && held === undefined && isOther) return this.#installer.observe(pass);
    const objects = await release.objects(config, signal);
    if (release.isForeign) {
      const beyond = asksBeyond(asksOf(objects), addon.spec.source?.allow);
      if (beyond.length > 0) {
        const message = `it asks for what it is not allowed: ${asksText(beyond)}`;
        const names = [...new Set(beyond.map(({ name }) => name))].join(',');
        return this.#reportProblem(pass, {
          reason: 'NotAllowed',
          message,
          hint: `allow it with geobuk addon enable ${addon.metadata.name ?? ''} --allow ${names}, or leave it`,
        });
      }
    }
    return this.#installer.install(pass, objects);
  }

  /** Nothing is applied; what is there stays. */
  async #reportProblem(
    pass: AddonPass,
    { reason, message, hint }: { readonly reason: string; readonly message: string; readonly hint: string },
  ): Promise<ReconcileResult> {
    const { addon } = pass;
    const isThere = hasObjects(addon);
    await this.#reporter.report(pass, {
      phase: isThere ? 'Degraded' : 'Blocked',
      conditions: [
        { type: 'Applied', status: isThere ? 'True' : 'False', reason, message },
        { type: 'Ready', status: 'False', reason, message },
      ],
      resources: addon.status?.resources ?? [],
      installedVersion: addon.status?.installedVersion,
      error: { reason, message, hint },
    });
    return { requeueAfterMs: packageAgainMs };
  }

  /** What the others need to know: what an addon that is there has recorded, else what its package says. */
  readonly #nodeOf = (addon: Addon): AddonNode | undefined => {
    const name = addon.metadata.name ?? '';
    const { status } = addon;
    const definition = this.#deps.catalogue.get(name);
    if (status?.provides === undefined || (definition !== undefined && !hasObjects(addon))) return definition;
    const { provides, requires = [], conflicts = [], installedVersion, availableVersion } = status;
    return { name, version: installedVersion ?? availableVersion, provides, requires, conflicts };
  };

  /** With the configuration as it is, or the defaults while that is wrong. */
  async #sizeOf(
    { spec, status }: Addon,
    { release }: Extract<WantedRelease, { readonly kind: 'release' }>,
    signal: AbortSignal,
  ): Promise<AddonSize | undefined> {
    const chosen = resolveAddonConfig(release.facts.config, spec.config);
    const resolved = chosen.valid ? chosen : resolveAddonConfig(release.facts.config, {});
    if (!resolved.valid) return status?.size;
    const objects = await release.objects(resolved.config, signal).catch(() => undefined); // said where it is applied
    if (objects === undefined) return status?.size;
    const { packageBytes } = release;
    return { packageBytes, imageBytes: this.#deps.images.sizeOf(objects), memoryBytes: memoryOf(objects) };
  }

  /** With the policy Auto the registry may have something newer. */
  #again({ spec }: Addon, result: ReconcileResult): ReconcileResult {
    if (spec.updatePolicy !== 'Auto' || spec.source === undefined || result.requeueAfterMs !== undefined) return result;
    return { requeueAfterMs: registryAskMs };
  }
}

function memoryOf(objects: readonly KubernetesObject[]): number {
  return objects.reduce((sum, object) => {
    const { replicas = 1 } = (object as { readonly spec?: { readonly replicas?: number } }).spec ?? {};
    const bytes = containersOf([object]).reduce((all, { resources }) => {
      const text = resources?.requests?.['memory'];
      return text === undefined ? all : all + Number(parseQuantity(String(text)).nanos / 1_000_000_000n);
    }, 0);
    return sum + bytes * replicas;
  }, 0);
}

const unmet = (reason: string, message: string): ConditionWord => ({
  type: 'DependenciesMet',
  status: 'False',
  reason,
  message,
});
