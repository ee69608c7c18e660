import type { Command } from 'commander';
import type { KubernetesObject } from '@geobuk/api';
import { asJson, compileJsonPath, ignoring, isNotFound } from '@geobuk/api';
import { allSettledOrThrow, deadline } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import { objectGone } from './delete.js';
import type { KubectlIo } from './io.js';
import type { NamedObject } from './resource-args.js';
import { selectedObjects } from './selected-objects.js';
import { shownName } from './session.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, durationMs, text } from './verb.js';

/** Follows: kubectl wait. */
export function addWait(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'wait', 'wait until objects are so', io, wait)
    .option('--for <condition>', 'condition=Name[=value], delete, create, or jsonpath=path[=value]')
    .option('--timeout <duration>', 'the longest wait', '30s')
    .option('-f, --filename <file>', 'objects named in files', collect)
    .option('-R, --recursive', 'files in folders below too')
    .option('-l, --selector <labels>', 'by labels')
    .option('--field-selector <fields>', 'by fields')
    .option('--all', 'all of the type')
    .option('-A, --all-namespaces', 'in all namespaces');
}

export type WaitFor =
  { readonly kind: 'delete' | 'create' } | { readonly kind: 'state'; holds(object: KubernetesObject): boolean };

/** @throws {CliError} usage. */
export function parseFor(words: string | undefined): WaitFor {
  if (words === undefined)
    throw new CliError('use --for=condition=…, --for=delete, --for=create or --for=jsonpath=…', 2);
  if (words === 'delete' || words === 'create') return { kind: words };
  if (words.startsWith('condition=')) {
    const [name = '', value = 'true'] = words.slice('condition='.length).split('=');
    return { kind: 'state', holds: (object) => conditionIs(object, name, value) };
  }
  if (words.startsWith('jsonpath=')) {
    const rest = words.slice('jsonpath='.length).replace(/^'(.*)'$/s, '$1');
    const end = rest.startsWith('{') ? rest.indexOf('}') + 1 : rest.indexOf('=');
    const [expression, value] =
      end <= 0 || end >= rest.length ? [rest, undefined] : [rest.slice(0, end), rest.slice(end + 1)];
    const inner = expression.replace(/^\{(.*)\}$/s, '$1');
    const path = compileJsonPath(inner.startsWith('.') ? inner : `.${inner}`);
    return {
      kind: 'state',
      holds: (object) => {
        const found = path(asJson(object));
        if (value === undefined) return found.length > 0;
        return (
          found.length > 0 && found.every((each) => (typeof each === 'string' ? each : JSON.stringify(each)) === value)
        );
      },
    };
  }
  throw new CliError(`unrecognized condition: "${words}"`, 2);
}

function conditionIs(object: KubernetesObject, name: string, value: string): boolean {
  interface Conditions {
    readonly status?: {
      readonly conditions?: readonly {
        readonly type: string;
        readonly status: string;
        readonly observedGeneration?: number;
      }[];
    };
  }
  const found = (object as Conditions).status?.conditions?.find(
    ({ type }) => type.toLowerCase() === name.toLowerCase(),
  );
  if (found === undefined) return false;
  const { generation = 0 } = object.metadata;
  if (found.observedGeneration !== undefined && found.observedGeneration < generation) return false;
  return found.status.toLowerCase() === value.toLowerCase();
}

async function wait(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const awaited = parseFor(text(flags, 'for'));
  const limitMs = durationMs(flags, 'timeout') ?? 30_000;
  using limit = deadline(session.signal, limitMs < 0 ? 7 * 24 * 3_600_000 : limitMs, session.clock);
  const objects = await selectedObjects(session, args, flags);
  if (objects.length === 0) {
    if (awaited.kind === 'delete') return;
    throw new CliError('no matching resources found');
  }
  await allSettledOrThrow(
    objects.map(async (object) => {
      try {
        const how = await awaitOne(session, object, awaited, limit.signal);
        // Follows: kubectl, which says nothing of what was gone already.
        if (how !== undefined) session.print(`${shownName(object.type, object.key.name)} ${how}`);
      } catch (error) {
        if (session.signal.aborted || !limit.signal.aborted) throw error;
        session.complain(`error: timed out waiting for the condition on ${object.type.plural}/${object.key.name}`);
      }
    }),
  );
}

async function awaitOne(
  session: Session,
  { type, key }: NamedObject,
  awaited: WaitFor,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { client } = session;
  if (awaited.kind === 'delete') {
    const before = await client.read(type, key, { signal }).catch(ignoring(isNotFound));
    if (before === undefined) return undefined;
    await objectGone(session, type, key, undefined, signal);
    return 'condition met';
  }
  const holds = (object: KubernetesObject): boolean => awaited.kind !== 'state' || awaited.holds(object);
  if (awaited.kind === 'state') await client.read(type, key, { signal });
  const fieldSelector = `metadata.name=${key.name}`;
  for (;;) {
    const { items, metadata } = await client.list(type, { namespace: key.namespace, fieldSelector, signal });
    if (items.some(holds)) return 'condition met';
    const { resourceVersion } = metadata;
    for await (const event of client.watch(type, {
      namespace: key.namespace,
      fieldSelector,
      resourceVersion,
      signal,
    })) {
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') throw new CliError(`${type.plural} "${key.name}" was deleted while waiting`);
      if (holds(event.object)) return 'condition met';
    }
  }
}
