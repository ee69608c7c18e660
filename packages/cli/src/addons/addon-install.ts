import type { Addon, AddonSource } from '@geobuk/api';
import type { HttpClient } from '@geobuk/client';
import type { InspectedArchive } from '@geobuk/control-plane';
import { moduleRoots } from '../addon-packages.js';
import { CliError } from '../cli-error.js';
import { parseNames } from '../flags.js';
import { withSettings } from '../settings.js';
import { inspectSource, parseSource, readSource, uploadArchive, wishForPackage } from './addon-source.js';

export interface InstallFlags {
  readonly set?: readonly string[];
  readonly dryRun?: boolean;
  readonly integrity?: string;
  readonly allow?: string;
}

const never = new AbortController().signal;

/**
 * Brings an addon from outside into the cluster: shows what it is and may do, and refuses what was not allowed.
 * @param expected the addon's name, when the caller said one.
 */
export async function installAddon(
  client: HttpClient,
  text: string,
  flags: InstallFlags,
  options: { readonly expected?: string | undefined; readonly all: readonly Addon[]; readonly fieldManager: string },
): Promise<void> {
  const { asksBeyond, asksText } = await import('@geobuk/control-plane');
  const source = parseSource(text);
  const bytes = await readSource(source, { integrity: flags.integrity, signal: never });
  const config = withSettings({}, flags.set ?? []);
  const what = source.kind === 'file' ? source.path : text;
  const found = await inspectSource(bytes, { what, config, moduleRoots: moduleRoots(), signal: never });
  const { manifest, facts, asks, integrity } = found;
  if (source.kind === 'npm' && (manifest.name !== source.package || manifest.version !== source.version))
    throw new CliError(`${text}: the registry gives ${manifest.name}@${manifest.version}: name that version exactly`);
  const { name } = facts;
  if (options.expected !== undefined && options.expected !== name)
    throw new CliError(`${what} is the addon ${name}, not ${options.expected}`);
  const present = options.all.find(({ metadata }) => metadata.name === name);
  if (present !== undefined && present.spec.source === undefined)
    throw new CliError(`an addon ${name} ships with the product: a package cannot take its place`);
  const allow = allowedBy(flags.allow, present?.spec.source);
  for (const line of describe(found)) console.log(line);
  const beyond = asksBeyond(asks, allow);
  if (beyond.length > 0) {
    const names = [...new Set(beyond.map((ask) => ask.name))].join(',');
    throw new CliError(
      `${name} asks for what it is not allowed: ${asksText(beyond)}: add --allow ${names} if you trust it`,
    );
  }
  if (flags.dryRun === true) {
    console.log(`will enable ${name} ${manifest.version}`);
    return;
  }
  await uploadArchive(client, found, bytes, never);
  const used = allow.filter((word) => asks.some((ask) => ask.name === word));
  const wish: AddonSource = {
    package: manifest.name,
    version: manifest.version,
    integrity,
    ...(used.length === 0 ? {} : { allow: used }),
  };
  const { fieldManager } = options;
  await wishForPackage(client, name, { source: wish, config }, { signal: never, fieldManager });
  console.log(`addon ${name} enabled from ${manifest.name}@${manifest.version}`);
}

/** What was allowed once stays allowed: a new version must not ask for more. */
const allowedBy = (flag: string | undefined, before: AddonSource | undefined): readonly string[] => [
  ...new Set([...(before?.allow ?? []), ...parseNames(flag)]),
];

function describe({ manifest, integrity, facts, asks }: InspectedArchive): readonly string[] {
  return [
    `addon ${facts.name} ${facts.version}: ${facts.description}`,
    `  package    ${manifest.name}@${manifest.version} ${integrity}`,
    `  provides   ${facts.provides.join(', ') || '-'}`,
    `  needs      ${facts.requires.join(', ') || '-'}`,
    ...facts.permissions.map(
      ({ verbs, resources = [], apiGroups = [], nonResourceURLs = [] }) =>
        `  may        ${verbs.join(', ')} ${[...resources, ...nonResourceURLs].join(', ')}${apiGroups.some((group) => group !== '') ? ` of ${apiGroups.join(', ')}` : ''}`,
    ),
    ...asks.map(({ name, text }) => `  asks for   ${name}: ${text}`),
  ];
}
