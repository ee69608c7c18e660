import type { Command } from 'commander';
import type { Addon, AddonNode } from '@geobuk/api';
import { addonClosure, addonDependants, addons, isNotFound, resolveAddonConfig } from '@geobuk/api';
import type { HttpClient } from '@geobuk/client';
import { stringify } from 'yaml';
import { CliError } from '../cli-error.js';
import { columns } from '../columns.js';
import { connect } from '../connect.js';
import { dataDirectory } from '../data-directory.js';
import { withSettings } from '../settings.js';

interface Flags {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly set?: readonly string[];
  readonly dryRun?: boolean;
  readonly cascade?: boolean;
  readonly package?: string;
  readonly integrity?: string;
}

const never = new AbortController().signal;
const fieldManager = 'geobuk-cli';

export function addAddonCommand(program: Command): void {
  const addon = program.command('addon').description('what the cluster has beyond its core');
  const withCluster = (command: Command): Command =>
    command
      .option('--data-dir <dir>', 'where the cluster lives')
      .option('--kubeconfig <file>', 'kubeconfig of the cluster')
      .option('--context <name>', 'context of the kubeconfig');

  withCluster(addon.command('list'))
    .description('all addons: wish, state, version, what they provide and need')
    .action((flags: Flags) => withClient(flags, list));

  withCluster(addon.command('enable <name>'))
    .description('switch an addon on, or give it another configuration')
    .option('--set <key=value...>', 'configuration, such as --set ttlSeconds=30 --set hosts.nas=192.0.2.5')
    .option('--package <name[@version]>', 'npm package of an addon that does not ship with the product')
    .option('--integrity <hash>', 'sha512-… that the package must have')
    .option('--dry-run', 'say what would be done')
    .action((name: string, flags: Flags) => withClient(flags, (client) => enable(client, name, flags)));

  withCluster(addon.command('disable <name>'))
    .description('switch an addon off and remove exactly what it brought')
    .option('--cascade', 'also switch off the addons that need it')
    .option('--dry-run', 'say what would be done')
    .action((name: string, flags: Flags) => withClient(flags, (client) => disable(client, name, flags)));

  withCluster(addon.command('info <name>'))
    .description('everything about one addon')
    .action((name: string, flags: Flags) => withClient(flags, (client) => info(client, name)));
}

async function withClient(flags: Flags, act: (client: HttpClient) => Promise<void>): Promise<void> {
  const client = await connect(dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0), flags, process.env);
  try {
    await act(client);
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

const stateOf = (addon: Addon): string => addon.status?.phase ?? (addon.spec.enabled ? 'Pending' : 'Disabled');
const nodeOf = ({ metadata, status }: Addon): AddonNode => ({
  name: metadata.name ?? '',
  provides: status?.provides ?? [],
  requires: status?.requires ?? [],
  conflicts: status?.conflicts ?? [],
});

async function list(client: HttpClient): Promise<void> {
  const { items } = await client.list(addons, { signal: never });
  const rows = items.map((addon) => [
    addon.metadata.name ?? '',
    addon.spec.enabled ? 'on' : 'off',
    stateOf(addon),
    addon.status?.installedVersion ?? '',
    addon.status?.availableVersion !== addon.status?.installedVersion && addon.spec.enabled
      ? (addon.status?.availableVersion ?? '')
      : '',
    (addon.status?.requires ?? []).join(',') || '-',
    addon.status?.lastError?.message ?? addon.status?.description ?? '',
  ]);
  console.log(columns(['NAME', 'WISH', 'STATE', 'VERSION', 'UPDATE', 'NEEDS', 'ABOUT'], rows));
}

async function find(
  client: HttpClient,
  name: string,
): Promise<{ readonly all: readonly Addon[]; readonly addon: Addon }> {
  const { items: all } = await client.list(addons, { signal: never });
  const addon = all.find(({ metadata }) => metadata.name === name);
  if (addon === undefined) {
    throw new CliError(
      `no addon "${name}": there are ${all.map(({ metadata }) => metadata.name).join(', ')}; one from npm needs --package`,
    );
  }
  return { all, addon };
}

async function enable(client: HttpClient, name: string, flags: Flags): Promise<void> {
  if (flags.package !== undefined) {
    await install(client, name, flags.package, flags);
    return;
  }
  const { all, addon } = await find(client, name);
  const config = withSettings(addon.spec.config ?? {}, flags.set ?? []);
  if (addon.status?.configSchema !== undefined) {
    const resolved = resolveAddonConfig(addon.status.configSchema, config);
    if (!resolved.valid)
      throw new CliError(
        `configuration of ${name}: ${resolved.errors.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
      );
  }
  const enabled = new Set(all.filter(({ spec }) => spec.enabled).map(({ metadata }) => metadata.name ?? ''));
  const closure = addonClosure(all.map(nodeOf), enabled, [name]);
  const [missing] = closure.missing;
  if (missing !== undefined)
    throw new CliError(`${missing.addon} needs ${missing.capability}, which no addon here provides`);
  const [conflict] = closure.conflicts;
  if (conflict !== undefined) {
    throw new CliError(
      `${conflict.addon} conflicts with ${conflict.other} (${conflict.capability}): disable ${conflict.other} first`,
    );
  }
  const others = closure.enable.filter((other) => other !== name);
  if (flags.dryRun === true) {
    for (const other of others) console.log(`will also enable ${other}`);
    console.log(
      addon.spec.enabled ? `will keep ${name} enabled with its configuration as given` : `will enable ${name}`,
    );
    return;
  }
  for (const other of others) {
    await client.patch(
      addons,
      { name: other },
      { type: 'merge', body: { spec: { enabled: true } } },
      { signal: never, fieldManager },
    );
    console.log(`addon ${other} enabled (needed by ${name})`);
  }
  const wasAsWished = addon.spec.enabled && JSON.stringify(addon.spec.config ?? {}) === JSON.stringify(config);
  if (!wasAsWished)
    await client.update(
      addons,
      { ...addon, spec: { ...addon.spec, enabled: true, config } },
      { signal: never, fieldManager },
    );
  console.log(`addon ${name} ${wasAsWished ? 'is enabled already' : addon.spec.enabled ? 'configured' : 'enabled'}`);
}

async function install(client: HttpClient, name: string, reference: string, flags: Flags): Promise<void> {
  const at = reference.lastIndexOf('@');
  const [packageName, version] = at > 0 ? [reference.slice(0, at), reference.slice(at + 1)] : [reference, undefined];
  const source = {
    package: packageName,
    ...(version === undefined ? {} : { version }),
    ...(flags.integrity === undefined ? {} : { integrity: flags.integrity }),
  };
  if (flags.dryRun === true) {
    console.log(`will install ${reference} from npm as addon ${name}`);
    return;
  }
  const spec = { enabled: true, source, config: withSettings({}, flags.set ?? []) };
  const wish: Addon = { apiVersion: 'addons.geobuk.dev/v1alpha1', kind: 'Addon', metadata: { name }, spec };
  try {
    await client.patch(addons, { name }, { type: 'merge', body: { spec } }, { signal: never, fieldManager });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(addons, wish, { signal: never, fieldManager });
  }
  console.log(`addon ${name} enabled from ${reference}`);
}

async function disable(client: HttpClient, name: string, flags: Flags): Promise<void> {
  const { all, addon } = await find(client, name);
  const dependants = addonDependants(name, all.filter(({ spec }) => spec.enabled).map(nodeOf));
  if (dependants.length > 0 && flags.cascade !== true) {
    throw new CliError(
      `${name} is needed by ${dependants.join(', ')}: disable them first, or all of them with --cascade`,
    );
  }
  const order = [...dependants].reverse().concat(name);
  for (const other of order) {
    if (flags.dryRun === true) console.log(`will disable ${other}`);
    else {
      await client.patch(
        addons,
        { name: other },
        { type: 'merge', body: { spec: { enabled: false } } },
        { signal: never, fieldManager },
      );
      console.log(
        other === name && !addon.spec.enabled ? `addon ${other} is disabled already` : `addon ${other} disabled`,
      );
    }
  }
}

async function info(client: HttpClient, name: string): Promise<void> {
  const { addon } = await find(client, name);
  const { spec, status } = addon;
  console.log(
    stringify({
      name,
      about: status?.description ?? '',
      enabled: spec.enabled,
      state: stateOf(addon),
      version: status?.installedVersion,
      available: status?.availableVersion,
      provides: status?.provides ?? [],
      requires: status?.requires ?? [],
      conflicts: status?.conflicts ?? [],
      config: spec.config ?? {},
      configSchema: status?.configSchema,
      permissions: status?.permissions ?? [],
      conditions: (status?.conditions ?? []).map(({ type, status: value, reason, message }) => ({
        type,
        status: value,
        reason,
        message,
      })),
      resources: (status?.resources ?? []).map(
        ({ kind, namespace, name: resource, ready }) =>
          `${kind} ${namespace === undefined ? '' : `${namespace}/`}${resource}${ready === false ? ' (not ready)' : ''}`,
      ),
      endpoints: status?.endpoints ?? [],
      lastError: status?.lastError,
    }).trimEnd(),
  );
}
