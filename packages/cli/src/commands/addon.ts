import type { Command } from 'commander';
import type { Addon, AddonNode, AddonSource } from '@geobuk/api';
import { addonClosure, addonDependants, addonPhase, addons, asJson, deepEqual, resolveAddonConfig } from '@geobuk/api';
import type { HttpClient } from '@geobuk/client';
import { onDemand } from '../on-demand.js';
import type { InstallFlags } from '../addons/addon-install.js';
import { installAddon } from '../addons/addon-install.js';
import { addonCells, addonRow, addonTitles } from '../addons/addon-table.js';
import { CliError } from '../cli-error.js';
import { columns } from '../columns.js';
import { connect } from '../connect.js';
import { dataDirectory } from '../data-directory.js';
import { parseNames } from '../flags.js';
import { withSettings } from '../settings.js';

interface Flags extends InstallFlags {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cascade?: boolean;
  readonly source?: string;
  readonly output?: string;
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
    .description('all addons: wish, state, version, update, what they need, how large they are')
    .option('-o, --output <format>', 'json or yaml instead of a table')
    .action((flags: Flags) => withClient(flags, (client) => list(client, flags)));

  withCluster(addon.command('enable <name>'))
    .description('switch an addon on, or give it another configuration')
    .option('--set <key=value...>', 'configuration, such as --set ttlSeconds=30 --set hosts.nas=192.0.2.5')
    .option('--source <source>', 'npm:NAME@VERSION or a file: package of an addon that does not ship with the product')
    .option('--integrity <hash>', 'sha512-… that the package must have')
    .option('--allow <names>', 'comma-separated: what an addon from outside may do, such as host,write')
    .option('--dry-run', 'say what would be done')
    .action((name: string, flags: Flags) => withClient(flags, (client) => enable(client, name, flags)));

  withCluster(addon.command('install <source>'))
    .description('bring in an addon from a file that npm pack made, or from npm:NAME@VERSION, and switch it on')
    .option('--set <key=value...>', 'configuration')
    .option('--integrity <hash>', 'sha512-… that the package must have; needed for one from npm')
    .option('--allow <names>', 'comma-separated: what it may do, such as host,write')
    .option('--dry-run', 'show what it is and asks for')
    .action((source: string, flags: Flags) =>
      withClient(flags, async (client) => {
        const { items } = await client.list(addons, { signal: never });
        await installAddon(client, source, flags, { all: items, fieldManager });
      }),
    );

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

const nodeOf = ({ metadata, status }: Addon): AddonNode => ({
  name: metadata.name ?? '',
  version: status?.installedVersion ?? status?.availableVersion,
  provides: status?.provides ?? [],
  requires: status?.requires ?? [],
  conflicts: status?.conflicts ?? [],
});

async function list(client: HttpClient, { output }: Flags): Promise<void> {
  const { items } = await client.list(addons, { signal: never });
  const rows = items.map(addonRow);
  switch (output) {
    case undefined:
      console.log(columns(addonTitles, rows.map(addonCells)));
      return;
    case 'json':
      console.log(JSON.stringify(rows, null, 2));
      return;
    case 'yaml':
      console.log(onDemand.yaml.stringify(rows).trimEnd());
      return;
    default:
      throw new CliError(`-o ${output}: no such format: use json or yaml`, 2);
  }
}

async function find(
  client: HttpClient,
  name: string,
): Promise<{ readonly all: readonly Addon[]; readonly addon: Addon }> {
  const { items: all } = await client.list(addons, { signal: never });
  const addon = all.find(({ metadata }) => metadata.name === name);
  if (addon === undefined) {
    throw new CliError(
      `no addon "${name}": there are ${all.map(({ metadata }) => metadata.name).join(', ')}; one from outside: geobuk addon install FILE`,
    );
  }
  return { all, addon };
}

async function enable(client: HttpClient, name: string, flags: Flags): Promise<void> {
  if (flags.source !== undefined) {
    const { items } = await client.list(addons, { signal: never });
    await installAddon(client, flags.source, flags, { expected: name, all: items, fieldManager });
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
    throw new CliError(
      missing.unfit.length === 0
        ? `${missing.addon} needs ${missing.capability}, which no addon here provides`
        : `${missing.addon} needs ${missing.capability}, and there is ${missing.unfit.join(', ')}: install a version that will do`,
    );
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
  const source = withAllowed(addon, flags.allow);
  const spec = { ...addon.spec, enabled: true, config, ...(source === undefined ? {} : { source }) };
  const wasAsWished = deepEqual(asJson({ ...addon.spec, config: addon.spec.config ?? {} }), asJson(spec));
  if (!wasAsWished) await client.update(addons, { ...addon, spec }, { signal: never, fieldManager });
  console.log(`addon ${name} ${wasAsWished ? 'is enabled already' : addon.spec.enabled ? 'configured' : 'enabled'}`);
}

/** @throws {CliError} usage: what ships with the product needs no permission. */
function withAllowed({ metadata, spec: { source } }: Addon, allow: string | undefined): AddonSource | undefined {
  if (allow === undefined) return source;
  if (source === undefined)
    throw new CliError(`--allow is for addons from outside: ${metadata.name ?? ''} ships with the product`, 2);
  return { ...source, allow: [...new Set([...(source.allow ?? []), ...parseNames(allow)])] };
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
    onDemand.yaml
      .stringify({
        name,
        about: status?.description ?? '',
        enabled: spec.enabled,
        state: addonPhase(addon),
        version: status?.installedVersion,
        available: status?.availableVersion,
        updatePolicy: spec.updatePolicy ?? 'Platform',
        source: spec.source,
        keeps: status?.release,
        upgrade: status?.upgrade,
        size: status?.size,
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
      })
      .trimEnd(),
  );
}
