import type { Command } from 'commander';
import type { KubernetesObject } from '@geobuk/api';
import { keyOf } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import { dryRunOf, forEachTelling, report } from './apply.js';
import type { KubectlIo } from './io.js';
import { selectedObjects } from './selected-objects.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, isSet } from './verb.js';

/** Follows: kubectl label, annotate. */
export function addSetMetadata(parent: Command, io: KubectlIo): void {
  for (const [verb, field, did] of [
    ['label', 'labels', 'labeled'],
    ['annotate', 'annotations', 'annotated'],
  ] as const) {
    addVerb(parent, verb, `set and remove ${field}: ${verb} TYPE NAME key=value key-`, io, (session, args, flags) =>
      setMetadata(session, args, flags, field, did),
    )
      .option('--overwrite', 'change those that exist')
      .option('--list', 'show them')
      .option('-f, --filename <file>', 'objects named in files', collect)
      .option('-R, --recursive', 'files in folders below too')
      .option('-l, --selector <labels>', 'by labels')
      .option('--field-selector <fields>', 'by fields')
      .option('--all', 'all of the type')
      .option('-A, --all-namespaces', 'in all namespaces')
      .option('--resource-version <revision>', 'only of this revision')
      .option('-o, --output <format>', 'yaml|json|name')
      .option('--dry-run [mode]', 'none, server or client', 'none');
  }
}

export interface MetadataChanges {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** Parts arguments into objects and changes: the first with `=`, or with `-` at its end, begins the changes. */
export function parseChanges(args: readonly string[]): {
  readonly objects: readonly string[];
  readonly changes: MetadataChanges;
} {
  const isChange = (arg: string): boolean => arg.includes('=') || (arg.endsWith('-') && arg.length > 1);
  const first = args.findIndex((arg, index) => index > 0 && isChange(arg));
  const objects = first < 0 ? args : args.slice(0, first);
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const change of first < 0 ? [] : args.slice(first)) {
    const equals = change.indexOf('=');
    if (equals > 0) set[change.slice(0, equals)] = change.slice(equals + 1);
    else if (equals < 0 && change.endsWith('-')) remove.push(change.slice(0, -1));
    else throw new CliError(`invalid change ${change}; use key=value or key-`, 2);
  }
  const twice = remove.find((key) => key in set);
  if (twice !== undefined) throw new CliError(`cannot set and remove "${twice}" at once`, 2);
  return { objects, changes: { set, remove } };
}

async function setMetadata(
  session: Session,
  args: readonly string[],
  flags: Flags,
  field: 'labels' | 'annotations',
  did: string,
): Promise<void> {
  const { objects, changes } = parseChanges(args);
  const { set, remove } = changes;
  const listing = isSet(flags, 'list');
  if (!listing && Object.keys(set).length + remove.length === 0) {
    throw new CliError(`at least one ${field.slice(0, -1)} update is required: key=value or key-`, 2);
  }
  const { client, signal } = session;
  const dryRun = dryRunOf(flags);
  await forEachTelling(session, await selectedObjects(session, objects, flags), async ({ type, key }) => {
    const current: KubernetesObject = await client.read(type, key, { signal });
    const before = current.metadata[field] ?? {};
    if (listing) {
      for (const [name, value] of Object.entries(before)) session.print(`${name}=${value}`);
      return;
    }
    const taken = Object.entries(set).filter(([name, value]) => before[name] !== undefined && before[name] !== value);
    if (taken.length > 0 && !isSet(flags, 'overwrite')) {
      const words = taken.map(([name]) => `'${name}' already has a value (${before[name] ?? ''})`).join(', ');
      throw new CliError(`${words}, and --overwrite is false`);
    }
    const missing = remove.filter((name) => before[name] === undefined);
    for (const name of missing) session.print(`${field.slice(0, -1)} "${name}" not found.`);
    const same =
      Object.entries(set).every(([name, value]) => before[name] === value) && missing.length === remove.length;
    const body = { metadata: { [field]: { ...set, ...Object.fromEntries(remove.map((name) => [name, null])) } } };
    const options = {
      dryRun: dryRun === 'server',
      fieldManager: `kubectl-${field === 'labels' ? 'label' : 'annotate'}`,
      signal,
    };
    const result =
      same || dryRun === 'client'
        ? current
        : await client.patch(type, keyOf(current), { type: 'merge', body }, options);
    const removedOnly = Object.keys(set).length === 0 && field === 'labels';
    await report(
      session,
      flags,
      type,
      result,
      same && field === 'labels' ? `not ${did}` : removedOnly ? `un${did}` : did,
    );
  });
}
