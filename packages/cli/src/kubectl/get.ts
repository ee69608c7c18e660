import type { Command } from 'commander';
import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError, asJson, compileJsonPath, resourcePath } from '@geobuk/api';
import { linesOf } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import { failureLine } from './failure-line.js';
import type { KubectlIo } from './io.js';
import { readManifests } from './manifests.js';
import { objectPrinter } from './printing/output.js';
import type { ObjectPrinter } from './printing/output.js';
import { isServerTable, printTable, tableMediaType, tableRows } from './printing/server-table.js';
import type { ServerTable, TableStyle } from './printing/server-table.js';
import { parseTargets } from './resource-args.js';
import type { NamedObject } from './resource-args.js';
import { shownName } from './session.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, isSet, text, texts } from './verb.js';

const pageSize = 500;

/** Follows: kubectl get. */
export function addGet(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'get', 'show objects', io, get)
    .option('-o, --output <format>', 'wide|yaml|json|name|jsonpath=…|custom-columns=…')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'by labels')
    .option('--field-selector <fields>', 'by fields')
    .option('-f, --filename <file>', 'objects named in files', collect)
    .option('-R, --recursive', 'files in folders below too')
    .option('-w, --watch', 'go on with changes')
    .option('--watch-only', 'changes alone')
    .option('-L, --label-columns <labels>', 'columns for labels', collect)
    .option('--show-labels', 'a column of all labels')
    .option('--no-headers', 'no titles')
    .option('--sort-by <path>', 'order by a JSONPath')
    .option('--ignore-not-found', 'no error for what is not there')
    .option('--show-managed-fields', 'managed fields too')
    .option('--show-kind', 'kinds before names')
    .option('--chunk-size <count>', 'objects a request', String(pageSize))
    .option('--subresource <name>', 'a subresource of the object');
}

/** One thing to show: a whole resource in a scope, or one object. */
interface Query {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name?: string | undefined;
}

/** What `get` does, for other verbs that show objects. */
export async function get(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const printer = await objectPrinter(text(flags, 'output'), {
    showManagedFields: isSet(flags, 'showManagedFields'),
    headers: flags['headers'] !== false,
  });
  const { queries, single } = await queriesOf(session, args, flags);
  if (isSet(flags, 'watch') || isSet(flags, 'watchOnly')) await watch(session, queries, flags, printer);
  else if (printer === undefined) await showTables(session, queries, single, flags);
  else await showObjects(session, queries, single, flags, printer);
}

async function queriesOf(
  session: Session,
  args: readonly string[],
  flags: Flags,
): Promise<{ readonly queries: readonly Query[]; readonly single: boolean }> {
  const files = texts(flags, 'filename');
  if (files.length > 0) {
    const objects = await readManifests({ files, recursive: isSet(flags, 'recursive') }, session.stdin);
    const queries: Query[] = [];
    for (const object of objects) {
      const type = await session.resourceOf(object);
      queries.push({
        type,
        namespace: session.namespaceFor(type, object.metadata.namespace),
        name: object.metadata.name,
      });
    }
    return { queries, single: queries.length === 1 };
  }
  const targets = await parseTargets(session, args);
  if (targets.kind === 'all') {
    const everywhere = isSet(flags, 'allNamespaces');
    return {
      queries: targets.types.map((type) => ({ type, namespace: everywhere ? undefined : session.namespaceFor(type) })),
      single: false,
    };
  }
  if (isSet(flags, 'allNamespaces')) {
    throw new CliError('a resource cannot be retrieved by name across all namespaces', 2);
  }
  if (text(flags, 'selector') !== undefined)
    throw new CliError('name cannot be provided when a selector is specified', 2);
  const named = ({ type, key }: NamedObject): Query => ({ type, namespace: key.namespace, name: key.name });
  return { queries: targets.objects.map(named), single: targets.single };
}

/** Runs `act` for each; what is not there is told, and the rest is shown all the same. */
async function each(
  session: Session,
  queries: readonly Query[],
  flags: Flags,
  act: (query: Query) => Promise<void>,
): Promise<void> {
  for (const query of queries) {
    try {
      await act(query);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const missing = error.status.reason === 'NotFound';
      if (missing && isSet(flags, 'ignoreNotFound')) continue;
      // A category may hold kinds this user may not see.
      session.complain(failureLine(error).line);
    }
  }
}

async function showTables(session: Session, queries: readonly Query[], single: boolean, flags: Flags): Promise<void> {
  const several = new Set(queries.map(({ type }) => type)).size > 1 || isSet(flags, 'showKind');
  let printed = 0;
  let asked = 0;
  const merged: { readonly query: Query; table: ServerTable }[] = [];
  await each(session, queries, flags, async (query) => {
    const table = await tableOf(session, query, flags);
    asked += 1;
    const last = merged.at(-1);
    // Objects named one by one share the titles of their kind.
    if (last !== undefined && last.query.type === query.type && query.name !== undefined) {
      last.table = { ...last.table, rows: [...(last.table.rows ?? []), ...(table.rows ?? [])] };
    } else merged.push({ query, table });
  });
  for (const { query, table } of merged) {
    if ((table.rows ?? []).length === 0) continue;
    const style = styleOf(query, flags, several);
    if (several && printed > 0) session.print('\n');
    session.print(printTable(sortedTable(table, text(flags, 'sortBy')), style));
    printed += 1;
  }
  if (printed > 0 || single || asked === 0 || isSet(flags, 'ignoreNotFound')) return;
  const [first] = queries;
  const namespaced = first?.type.namespaced === true && first.namespace !== undefined;
  session.note(namespaced ? `No resources found in ${first.namespace ?? ''} namespace.` : 'No resources found');
}

function styleOf({ type, namespace }: Query, flags: Flags, several: boolean): TableStyle {
  return {
    wide: text(flags, 'output') === 'wide',
    headers: flags['headers'] !== false,
    showNamespace: type.namespaced && namespace === undefined,
    showLabels: isSet(flags, 'showLabels'),
    labelColumns: texts(flags, 'labelColumns').flatMap((labels) => labels.split(',')),
    namePrefix: several ? `${shownName(type, '')}` : '',
  };
}

async function tableOf(session: Session, query: Query, flags: Flags): Promise<ServerTable> {
  const rows: NonNullable<ServerTable['rows']>[number][] = [];
  let next: string | undefined;
  for (;;) {
    const answer = await session.client.request({
      path: resourcePath(query.type, query, query.name === undefined ? undefined : text(flags, 'subresource')),
      query: {
        ...selection(query, flags),
        includeObject: text(flags, 'sortBy') === undefined ? undefined : 'Object',
        continue: next,
      },
      headers: { accept: tableMediaType },
      signal: session.signal,
    });
    const table: unknown = await answer.json();
    if (!isServerTable(table)) return plainTable(table);
    for (const row of table.rows ?? []) rows.push(row);
    next = table.metadata?.continue;
    if (next === undefined || next === '') return { ...table, rows };
  }
}

const selection = (query: Query, flags: Flags): Readonly<Record<string, string | undefined>> =>
  query.name === undefined
    ? {
        labelSelector: text(flags, 'selector'),
        fieldSelector: text(flags, 'fieldSelector'),
        limit: text(flags, 'chunkSize') === '0' ? undefined : text(flags, 'chunkSize'),
      }
    : {};

/** Where a server does not print tables, such as a plain aggregated one. */
function plainTable(answer: unknown): ServerTable {
  const { items } = answer as { readonly items?: readonly KubernetesObject[] };
  const objects = items ?? [answer as KubernetesObject];
  return {
    kind: 'Table',
    columnDefinitions: [
      { name: 'Name', type: 'string' },
      { name: 'Created At', type: 'date' },
    ],
    rows: objects.map((object) => ({ cells: [object.metadata.name, object.metadata.creationTimestamp], object })),
  };
}

function sortedTable(table: ServerTable, sortBy: string | undefined): ServerTable {
  if (sortBy === undefined) return table;
  const sorter = byPath(sortBy);
  return { ...table, rows: [...(table.rows ?? [])].sort((a, b) => sorter(a.object, b.object)) };
}

function byPath(sortBy: string): (a: unknown, b: unknown) => number {
  const bare = sortBy.replace(/^\{(.*)\}$/s, '$1');
  const path = compileJsonPath(bare.startsWith('.') ? bare : `.${bare}`);
  return (a, b) => {
    const [x, y] = [path(asJson(a))[0], path(asJson(b))[0]];
    if (typeof x === 'number' && typeof y === 'number') return x - y;
    const [left, right] = [String(x ?? ''), String(y ?? '')];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

async function showObjects(
  session: Session,
  queries: readonly Query[],
  single: boolean,
  flags: Flags,
  printer: ObjectPrinter,
): Promise<void> {
  const found: { readonly object: KubernetesObject; readonly shownName: string }[] = [];
  await each(session, queries, flags, async (query) => {
    for (const object of await objectsOf(session, query, flags)) {
      found.push({ object, shownName: shownName(query.type, object.metadata.name ?? '') });
    }
  });
  const sortBy = text(flags, 'sortBy');
  if (sortBy !== undefined) {
    const sorter = byPath(sortBy);
    found.sort((a, b) => sorter(a.object, b.object));
  }
  if (found.length === 0 && (single || queries.some(({ name }) => name !== undefined))) return;
  session.io.stdout.write(printer(found, single));
}

async function objectsOf(session: Session, query: Query, flags: Flags): Promise<readonly KubernetesObject[]> {
  const { client, signal } = session;
  const { type, namespace, name } = query;
  const subresource = text(flags, 'subresource');
  if (name !== undefined) {
    if (subresource !== undefined)
      return [await client.readSubresource<KubernetesObject>(type, { namespace, name }, subresource, { signal })];
    return [await client.read(type, { namespace, name }, { signal })];
  }
  const [labelSelector, fieldSelector] = [text(flags, 'selector'), text(flags, 'fieldSelector')];
  const objects: KubernetesObject[] = [];
  let next: string | undefined;
  do {
    const options = { namespace, labelSelector, fieldSelector, limit: pageSize, continue: next, signal };
    const page = await client.list(type, options);
    objects.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined && next !== '');
  return objects;
}

async function watch(
  session: Session,
  queries: readonly Query[],
  flags: Flags,
  printer: ObjectPrinter | undefined,
): Promise<void> {
  const [query, more] = queries;
  if (query === undefined || more !== undefined) {
    throw new CliError('you may only watch a single resource or type of resource at a time', 2);
  }
  const { name, type, namespace } = query;
  const scope: Query = { type, namespace };
  const fieldSelector = name === undefined ? text(flags, 'fieldSelector') : `metadata.name=${name}`;
  const style = styleOf(query, flags, false);
  const first = await tableOf(session, scope, { ...flags, ...(fieldSelector === undefined ? {} : { fieldSelector }) });
  const widths: number[] = [];
  let titled = false;
  const show = (table: ServerTable): void => {
    const rows = tableRows(table, style);
    if (rows.length === 0) return;
    session.print(printTable(table, { ...style, headers: style.headers && !titled }, widths));
    titled = true;
  };
  if (printer === undefined && !isSet(flags, 'watchOnly')) show(first);
  if (printer !== undefined && !isSet(flags, 'watchOnly')) {
    for (const object of await objectsOf(session, query, flags)) print(session, printer, type, object);
  }
  // Titles that came with the list are not sent again with each change.
  let columns = first.columnDefinitions;
  let resourceVersion = first.metadata?.resourceVersion;
  const { signal } = session;
  if (printer !== undefined) {
    const labelSelector = text(flags, 'selector');
    for await (const event of session.client.watch(type, {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion,
      signal,
    })) {
      if (event.type !== 'BOOKMARK') print(session, printer, type, event.object);
    }
    return;
  }
  for (;;) {
    const { body } = await session.client.request({
      path: resourcePath(type, { namespace }),
      query: { watch: true, resourceVersion, labelSelector: text(flags, 'selector'), fieldSelector },
      headers: { accept: tableMediaType },
      idleTimeoutMs: 0,
      signal,
    });
    for await (const line of linesOf(body)) {
      const event = JSON.parse(line.toString('utf8')) as { readonly type: string; readonly object: ServerTable };
      if (event.type === 'ERROR') throw new ApiError(event.object as never);
      if (event.type === 'BOOKMARK') continue;
      if ((event.object.columnDefinitions ?? []).length > 0) columns = event.object.columnDefinitions;
      show({ ...event.object, columnDefinitions: columns });
      resourceVersion = event.object.rows?.at(-1)?.object?.metadata.resourceVersion ?? resourceVersion;
    }
  }
}

function print(session: Session, printer: ObjectPrinter, type: ResourceType, object: KubernetesObject): void {
  session.io.stdout.write(printer([{ object, shownName: shownName(type, object.metadata.name ?? '') }], true));
}
