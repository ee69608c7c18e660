import type { AddonResource } from '@geobuk/api';
import type { Client, ReconcileResult } from '@geobuk/client';
import { settled } from '@geobuk/client';
import { resourceText } from './addon-diff.js';
import { pruneFinalizer, withFinalizer } from './addon-finalizer.js';
import type { AddonPass, AddonReporter } from './addon-pass.js';
import type { AddonPruner } from './addon-pruner.js';
import type { AddonReport } from './addon-status.js';
import type { AddonReleases } from './packages/addon-releases.js';

export interface AddonRemoverDeps {
  readonly client: Client;
  readonly pruner: AddonPruner;
  readonly releases: AddonReleases;
  readonly reporter: AddonReporter;
}

const soonMs = 1_000;
/** Definitions that somebody has instances of are looked at again this often. */
const keptAgainMs = 60_000;

/** Takes away what an addon brought, and with the last of it what was kept to go back to. */
export class AddonRemover {
  readonly #deps: AddonRemoverDeps;

  constructor(deps: AddonRemoverDeps) {
    this.#deps = deps;
  }

  /** @param after addons whose objects must go first. */
  async remove(pass: AddonPass, after: readonly string[]): Promise<ReconcileResult> {
    const { pruner, reporter } = this.#deps;
    const { addon, signal, trace } = pass;
    const inventory = addon.status?.resources ?? [];
    const name = addon.metadata.name ?? '';
    if (after.length > 0) {
      await reporter.report(pass, removing(pass, inventory, `waiting for ${after.join(', ')} to go first`));
      return settled;
    }
    if (inventory.length > 0) trace.found(`${inventory.length} objects too many`);
    const deleteData = addon.spec.onDisable?.data === 'Delete';
    const result = await pruner.prune(inventory.toReversed(), { addon: name, deleteData, signal });
    for (const resource of result.removed) trace.did(`removed ${resourceText(resource)}`);
    if (result.left.length > 0 && result.kept.length < result.left.length) {
      await reporter.report(pass, removing(pass, result.left, `waiting for ${result.waitingFor ?? 'the rest'}`));
      return { requeueAfterMs: soonMs };
    }
    if (result.waitingFor !== undefined && inventory.length > 0) {
      await reporter.report(pass, removing(pass, inventory, `waiting for ${result.waitingFor}`));
      return { requeueAfterMs: soonMs };
    }
    return this.#removed(pass, result.left, result.kept.join(', '));
  }

  async #removed(pass: AddonPass, left: readonly AddonResource[], keeps: string): Promise<ReconcileResult> {
    const { client, releases, reporter } = this.#deps;
    const { addon, signal, release } = pass;
    if (addon.status?.release !== undefined) {
      // The package of a wish that says where it is from is part of the wish.
      const { source } = addon.spec;
      const version = release?.facts.version ?? source?.version ?? '';
      const integrity = source?.integrity ?? release?.integrity;
      const wanted =
        source === undefined || integrity === undefined ? [] : [{ package: source.package, version, integrity }];
      await releases.forgetOthers(addon, wanted, { signal });
    }
    const report: AddonReport = {
      phase: 'Disabled',
      conditions: [
        keeps === ''
          ? { type: 'Pruned', status: 'True', reason: 'Pruned', message: 'nothing is left' }
          : { type: 'Pruned', status: 'False', reason: 'DataRetained', message: `kept, since in use: ${keeps}` },
      ],
      resources: left,
      installedVersion: undefined,
    };
    await reporter.report(pass, report, {});
    if (addon.metadata.deletionTimestamp !== undefined && addon.metadata.finalizers?.includes(pruneFinalizer) === true)
      await withFinalizer(client, pass.addon, signal, false);
    return keeps === '' ? settled : { requeueAfterMs: keptAgainMs };
  }
}

const removing = (pass: AddonPass, left: readonly AddonResource[], message: string): AddonReport => ({
  phase: left.length === 0 ? 'Disabled' : 'Disabling',
  conditions: [{ type: 'Pruned', status: 'False', reason: 'Removing', message }],
  resources: left,
  installedVersion: pass.addon.status?.installedVersion,
});
