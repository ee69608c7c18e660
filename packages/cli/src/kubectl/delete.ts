import type { Command } from 'commander';
import type { KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import { isNotFound, keyOf } from '@geobuk/api';
import { deadline } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import { dryRunOf, forEachTelling, manifestsOf } from './apply.js';
import type { KubectlIo } from './io.js';
import { parseTargets } from './resource-args.js';
import { shownName } from './session.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, durationMs, isSet, text, texts, wholeNumber } from './verb.js';

/** Follows: kubectl delete. */
export function addDelete(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'delete', 'delete objects', io, remove)
    .option('-f, --filename <file>', 'objects named in files', collect)
    .option('-R, --recursive', 'files in folders below too')
    .option('-l, --selector <labels>', 'by labels')
    .option('--field-selector <fields>', 'by fields')
    .option('--all', 'all of the type')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--wait [bool]', 'until they are gone', 'true')
    .option('--timeout <duration>', 'the longest wait')
    .option('--grace-period <seconds>', 'time to end')
    .option('--now', 'with one second to end')
    .option('--force', 'do not wait for the node')
    .option('--cascade [policy]', 'background, foreground or orphan', 'background')
    .option('--ignore-not-found', 'no error for what is not there')
    .option('-o, --output <format>', 'name')
    .option('--dry-run [mode]', 'none, server or client', 'none');
}

interface Victim {
  readonly type: ResourceType;
  readonly key: ObjectKey;
  readonly uid?: string | undefined;
}

async function remove(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const { client, signal } = session;
  const policy = cascadeOf(flags);
  const force = isSet(flags, 'force');
  const gracePeriodSeconds = isSet(flags, 'now') ? 1 : (wholeNumber(flags, 'gracePeriod') ?? (force ? 0 : undefined));
  if (gracePeriodSeconds === 0 && !force)
    throw new CliError('--grace-period=0 is for --force deletions only; give both', 2);
  if (force) {
    session.note(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.',
    );
  }
  const dryRun = dryRunOf(flags);
  const victims = await victimsOf(session, args, flags);
  if (victims.length === 0) session.note('No resources found');
  const waiting: Victim[] = [];
  await forEachTelling(session, victims, async ({ type, key }) => {
    const grace = gracePeriodSeconds === undefined || gracePeriodSeconds < 0 ? undefined : gracePeriodSeconds;
    const options = { propagationPolicy: policy, gracePeriodSeconds: grace, dryRun: dryRun === 'server', signal };
    try {
      if (dryRun !== 'client') {
        const answer = await client.delete(type, key, options);
        const uid =
          (answer as KubernetesObject).metadata?.uid ?? (answer as { details?: { uid?: string } }).details?.uid;
        waiting.push({ type, key, uid });
      }
    } catch (error) {
      if (isNotFound(error) && isSet(flags, 'ignoreNotFound')) return;
      throw error;
    }
    const suffix = dryRun === 'none' ? '' : ` (${dryRun === 'server' ? 'server ' : ''}dry run)`;
    const named = shownName(type, key.name);
    const shown = `${named.slice(0, named.indexOf('/'))} "${key.name}"`;
    session.print(
      text(flags, 'output') === 'name' ? named : `${shown} ${force ? 'force deleted' : 'deleted'}${suffix}`,
    );
  });
  if (flags['wait'] === 'false' || dryRun !== 'none') return;
  const limitMs = durationMs(flags, 'timeout');
  if (limitMs === undefined || limitMs === 0) await untilGone(session, waiting, signal);
  else {
    using limit = deadline(signal, limitMs, session.clock);
    await untilGone(session, waiting, limit.signal).catch((error: unknown) => {
      if (!signal.aborted && limit.signal.aborted)
        throw new CliError('timed out waiting for the condition', 1, { cause: error });
      throw error;
    });
  }
}

function cascadeOf(flags: Flags): 'Background' | 'Foreground' | 'Orphan' {
  switch (flags['cascade']) {
    case true:
    case 'true':
    case 'background':
      return 'Background';
    case 'foreground':
      return 'Foreground';
    case 'false':
    case 'orphan':
      return 'Orphan';
    default:
      throw new CliError(
        `invalid cascade value (${String(flags['cascade'])}). Must be "background", "foreground", or "orphan".`,
        2,
      );
  }
}

async function victimsOf(session: Session, args: readonly string[], flags: Flags): Promise<readonly Victim[]> {
  if (texts(flags, 'filename').length > 0) {
    return (await manifestsOf(session, flags)).map(({ type, object }) => ({ type, key: keyOf(object) }));
  }
  const targets = await parseTargets(session, args);
  const [labelSelector, fieldSelector] = [text(flags, 'selector'), text(flags, 'fieldSelector')];
  if (targets.kind === 'named') {
    if (labelSelector !== undefined) throw new CliError('name cannot be provided when a selector is specified', 2);
    return targets.objects;
  }
  if (labelSelector === undefined && fieldSelector === undefined && !isSet(flags, 'all')) {
    throw new CliError('resource(s) were provided, but no name was specified; use a name, -l or --all', 2);
  }
  const victims: Victim[] = [];
  for (const type of targets.types) {
    const namespace = isSet(flags, 'allNamespaces') ? undefined : session.namespaceFor(type);
    const options = { namespace, labelSelector, fieldSelector, signal: session.signal };
    for (const object of (await session.client.list(type, options)).items) victims.push({ type, key: keyOf(object) });
  }
  return victims;
}

/** Watches each until the object of that uid is no more. */
async function untilGone(session: Session, victims: readonly Victim[], signal: AbortSignal): Promise<void> {
  for (const { type, key, uid } of victims) await objectGone(session, type, key, uid, signal);
}

export async function objectGone(
  { client }: Pick<Session, 'client'>,
  type: ResourceType,
  key: ObjectKey,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const fieldSelector = `metadata.name=${key.name}`;
  for (;;) {
    const { items, metadata } = await client.list(type, { namespace: key.namespace, fieldSelector, signal });
    const [object] = items;
    if (object === undefined || (uid !== undefined && object.metadata.uid !== uid)) return;
    const { resourceVersion } = metadata;
    const events = client.watch(type, { namespace: key.namespace, fieldSelector, resourceVersion, signal });
    for await (const event of events) if (event.type === 'DELETED') return;
  }
}
