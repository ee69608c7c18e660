import type { Addon } from '@geobuk/api';
import { addons } from '@geobuk/api';
import { parse } from 'yaml';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { addonPreview } from '../describe/addon-preview.js';
import type { TablePage } from '../pages/table-page.js';
import { toYaml } from '../text/yaml-text.js';

/** `e` in `:addons`. */
export async function toggleAddon(page: TablePage): Promise<void> {
  const row = page.current;
  if (row !== undefined) await switchAddon(page.services, page.clusterOf(row), row.key.name);
}

/** Turns an addon on or off, after showing what that brings or takes, and who depends on it. */
export async function switchAddon(services: Services, cluster: Cluster, name: string): Promise<void> {
  await services.act(async (signal) => {
    const connection = await cluster.connection(signal);
    const { items } = await connection.list(addons, { signal });
    const addon = items.find(({ metadata }) => metadata.name === name);
    if (addon === undefined) {
      services.flash('warn', `addon ${name} is gone`);
      return;
    }
    const on = !addon.spec.enabled;
    const word = on ? 'Enable' : 'Disable';
    const { lines, blocked } = addonPreview(addon, items, on);
    if (blocked) {
      await services.dialogs.message(`${name} cannot be ${on ? 'enabled' : 'disabled'}`, lines);
      return;
    }
    if (!(await services.dialogs.confirm({ title: `${word} ${name}?`, lines, confirm: word }))) return;
    await change(services, cluster, addon, `${word.toLowerCase()} addon ${name}`, { enabled: on }, signal);
    services.flash('info', `${name}: ${on ? 'enabling' : 'disabling'}`);
  });
}

/** `Shift-C`: what the user chose of an addon's configuration, as YAML in the editor. */
export async function configureAddon(page: TablePage): Promise<void> {
  const row = page.current;
  if (row !== undefined) await editAddonConfig(page.services, page.clusterOf(row), row.key.name);
}

export async function editAddonConfig(services: Services, cluster: Cluster, name: string): Promise<void> {
  await services.act(async (signal) => {
    const connection = await cluster.connection(signal);
    const addon = await connection.read(addons, { name }, { signal });
    const schema = addon.status?.configSchema;
    const help =
      schema === undefined ? '' : `# What can be set:\n${toYaml(schema).replace(/^/gm, '#   ').replace(/#\s*$/, '')}`;
    const before = toYaml(addon.spec.config ?? {});
    const text = await services.outside.editText(`${help}${before}`, `${name}-config.yaml`);
    const config = (parse(text, { version: '1.1' }) ?? {}) as Readonly<Record<string, unknown>>;
    if (toYaml(config) === before) {
      services.flash('info', 'nothing changed');
      return;
    }
    const lines = toYaml(config).trimEnd().split('\n');
    if (!(await services.dialogs.confirm({ title: `Configure ${name}?`, lines, confirm: 'Apply' }))) return;
    // A merge patch would keep what was taken out: null first what is no longer there.
    const gone = Object.fromEntries(Object.keys(addon.spec.config ?? {}).map((key) => [key, null]));
    await change(services, cluster, addon, `configure addon ${name}`, { config: { ...gone, ...config } }, signal);
    services.flash('info', `${name}: configured`);
  });
}

async function change(
  services: Services,
  cluster: Cluster,
  before: Addon,
  what: string,
  spec: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const connection = await cluster.connection(signal);
  const name = before.metadata.name ?? '';
  const after = await connection.patch(addons, { name }, { type: 'merge', body: { spec } }, { signal });
  services.journal.record({
    at: services.clock.now(),
    cluster,
    type: addons as typeof addons & object,
    what,
    before,
    after,
  });
}
