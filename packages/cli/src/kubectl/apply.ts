import type { Command } from 'commander';
import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError, asJson, isNotFound, keyOf, matchesLabels, parseLabelSelector, schemaOf } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import { failureLine } from './failure-line.js';
import type { KubectlIo } from './io.js';
import { readManifests } from './manifests.js';
import { objectPrinter } from './printing/output.js';
import { shownName } from './session.js';
import type { Session } from './session.js';
import { threeWayPatch } from './three-way-patch.js';
import type { Flags } from './verb.js';
import { addVerb, collect, isSet, text, texts } from './verb.js';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const clientSideManager = 'kubectl-client-side-apply';

/** Follows: kubectl apply, create -f, replace. */
export function addApply(parent: Command, io: KubectlIo): void {
  writing(addVerb(parent, 'apply', 'bring objects to what files say', io, apply))
    .option('--server-side', 'let the server merge')
    .option('--force-conflicts', 'take fields from other managers (with --server-side)')
    .option('--field-manager <name>', 'who owns the fields');
  writing(addVerb(parent, 'replace', 'replace objects by what files say', io, replace)).option(
    '--force',
    'delete and create where an update is refused',
  );
}

export const writing = (command: Command): Command =>
  command
    .option('-f, --filename <file>', 'file, folder, or - for standard input', collect)
    .option('-R, --recursive', 'files in folders below too')
    .option('-l, --selector <labels>', 'objects of the files by labels')
    .option('-o, --output <format>', 'yaml|json|name|jsonpath=…')
    .option('--validate [mode]', 'strict, warn or ignore', 'strict')
    .option('--dry-run [mode]', 'none, server or client', 'none');

export interface Manifest {
  readonly object: KubernetesObject;
  readonly type: ResourceType;
}

/** The objects of the files, each with its resource and namespace. @throws {CliError} usage: no files. */
export async function manifestsOf(session: Session, flags: Flags): Promise<readonly Manifest[]> {
  const files = texts(flags, 'filename').flatMap((each) => each.split(','));
  if (files.length === 0) throw new CliError('name the files to read with -f', 2);
  const objects = await readManifests({ files, recursive: isSet(flags, 'recursive') }, session.stdin);
  const selected = text(flags, 'selector');
  const requirements = parseLabelSelector(selected ?? '');
  const manifests: Manifest[] = [];
  for (const object of objects) {
    if (!matchesLabels(requirements, object.metadata.labels)) continue;
    try {
      manifests.push(await withPlace(session, object, text(flags, 'namespace')));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      // One kind that is not served yet must not keep the others away.
      session.complain(failureLine(error).line);
    }
  }
  return manifests;
}

async function withPlace(session: Session, object: KubernetesObject, asked: string | undefined): Promise<Manifest> {
  const type = await session.resourceOf(object);
  const { namespace } = object.metadata;
  if (asked !== undefined && namespace !== undefined && type.namespaced && namespace !== asked) {
    throw new CliError(
      `the namespace from the provided object "${namespace}" does not match the namespace "${asked}". You must pass '--namespace=${namespace}' to perform this operation.`,
    );
  }
  const { namespace: _, ...metadata } = object.metadata;
  const placed = session.namespaceFor(type, namespace);
  return {
    type,
    object: { ...object, metadata: placed === undefined ? metadata : { ...metadata, namespace: placed } },
  };
}

/** Of `--dry-run`. @throws {CliError} usage. */
export function dryRunOf(flags: Flags): 'none' | 'client' | 'server' {
  const mode = flags['dryRun'] === true ? 'client' : text(flags, 'dryRun');
  if (mode === 'none' || mode === 'client' || mode === 'server') return mode;
  throw new CliError(`invalid dry-run value (${String(mode)}). Must be "none", "server", or "client".`, 2);
}

/** Says what was done, or prints the object as `-o` wants it. */
export async function report(
  session: Session,
  flags: Flags,
  type: ResourceType,
  object: KubernetesObject,
  did: string,
): Promise<void> {
  const printer = await objectPrinter(text(flags, 'output'), { showManagedFields: false, headers: true });
  const name = shownName(type, object.metadata.name ?? '');
  const dryRun = flags['dryRun'] === undefined ? 'none' : dryRunOf(flags);
  const suffix = dryRun === 'none' ? '' : ` (${dryRun === 'server' ? 'server ' : ''}dry run)`;
  if (printer === undefined) session.print(`${name} ${did}${suffix}`);
  else session.io.stdout.write(printer([{ object, shownName: name }], true));
}

/** Runs `act` for each; a refusal is told, and the rest is tried all the same. */
export async function forEachTelling<T>(
  session: Session,
  things: readonly T[],
  act: (thing: T) => Promise<void>,
): Promise<void> {
  for (const thing of things) {
    try {
      await act(thing);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      session.complain(failureLine(error).line);
    }
  }
}

async function apply(session: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const dryRun = dryRunOf(flags);
  await forEachTelling(session, await manifestsOf(session, flags), async ({ type, object }) => {
    if (isSet(flags, 'serverSide')) {
      const fieldManager = text(flags, 'fieldManager') ?? 'kubectl';
      const force = isSet(flags, 'forceConflicts') ? true : undefined;
      const options = { fieldManager, force, dryRun: dryRun === 'server', signal: session.signal };
      await report(session, flags, type, await session.client.apply(type, object, options), 'serverside-applied');
    } else await applyClientSide(session, { type, object }, flags, dryRun);
  });
}

async function applyClientSide(
  session: Session,
  { type, object }: Manifest,
  flags: Flags,
  dryRun: 'none' | 'client' | 'server',
): Promise<void> {
  const { client, signal } = session;
  const fieldManager = text(flags, 'fieldManager') ?? clientSideManager;
  const options = { fieldManager, dryRun: dryRun === 'server', signal };
  const wanted = withLastApplied(object);
  const current = await client.read(type, keyOf(object), { signal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (current === undefined) {
    const created = dryRun === 'client' ? wanted : await client.create(type, wanted, options);
    await report(session, flags, type, created, 'created');
    return;
  }
  const before = current.metadata.annotations?.[lastApplied];
  if (before === undefined) {
    session.note(
      `Warning: resource ${type.plural}/${object.metadata.name ?? ''} is missing the ${lastApplied} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.`,
    );
  }
  const schema = type.definition === undefined ? undefined : schemaOf(type);
  const original = before === undefined ? undefined : asJson(JSON.parse(before));
  const body = threeWayPatch(original, asJson(wanted), asJson(current), schema);
  if (body === undefined) {
    await report(session, flags, type, current, 'unchanged');
    return;
  }
  const patch = { type: schema === undefined ? 'merge' : 'strategic', body } as const;
  const patched = dryRun === 'client' ? current : await client.patch(type, keyOf(object), patch, options);
  await report(session, flags, type, patched, 'configured');
}

/** The object with itself, as it was given, in an annotation: the next apply sees by it what was taken away. */
export function withLastApplied(object: KubernetesObject): KubernetesObject {
  const { annotations = {}, ...metadata } = object.metadata;
  const { [lastApplied]: _, ...others } = annotations;
  const plain = { ...object, metadata: { annotations: others, ...metadata } };
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...others, [lastApplied]: `${JSON.stringify(inOrder(plain))}\n` } },
  };
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, inOrder(inner)]),
  );
}

async function replace(session: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const { client, signal } = session;
  const dryRun = dryRunOf(flags) === 'server';
  await forEachTelling(session, await manifestsOf(session, flags), async ({ type, object }) => {
    if (isSet(flags, 'force')) {
      await client.delete(type, keyOf(object), { gracePeriodSeconds: 0, signal }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      await report(session, flags, type, await client.create(type, object, { signal, dryRun }), 'replaced');
      return;
    }
    const current = await client.read(type, keyOf(object), { signal });
    // Without a revision in the file the newest one is meant.
    const { resourceVersion = current.metadata.resourceVersion } = object.metadata;
    const wanted = { ...object, metadata: { ...object.metadata, resourceVersion } };
    await report(session, flags, type, await client.update(type, wanted, { signal, dryRun }), 'replaced');
  });
}
