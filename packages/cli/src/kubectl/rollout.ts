import type { Command } from 'commander';
import type { DaemonSet, Deployment, KubernetesObject, ReplicaSet, StatefulSet } from '@geobuk/api';
import { daemonSets, deployments, keyOf, replicaSets, statefulSets } from '@geobuk/api';
import { deadline } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import { forEachTelling } from './apply.js';
import type { KubectlIo } from './io.js';
import { selectorOf } from './pod-of.js';
import { yamlText } from './printing/documents.js';
import type { NamedObject } from './resource-args.js';
import { rolloutStatus } from './rollout-status.js';
import { selectedObjects } from './selected-objects.js';
import { shownName } from './session.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, durationMs, wholeNumber } from './verb.js';

const revisionAnnotation = 'deployment.kubernetes.io/revision';
const causeAnnotation = 'kubernetes.io/change-cause';

/** Follows: kubectl rollout. */
export function addRollout(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'rollout', 'status|history|undo|restart|pause|resume TYPE/NAME', io, rollout)
    .option('-w, --watch [bool]', 'until it is done', 'true')
    .option('--timeout <duration>', 'the longest wait')
    .option('--revision <number>', 'revision to show')
    .option('--to-revision <number>', 'revision to go back to')
    .option('-f, --filename <file>', 'objects named in files', collect)
    .option('-R, --recursive', 'files in folders below too')
    .option('-l, --selector <labels>', 'by labels');
}

async function rollout(session: Session, [action, ...args]: readonly string[], flags: Flags): Promise<void> {
  const acts: Readonly<Record<string, (session: Session, object: NamedObject, flags: Flags) => Promise<void>>> = {
    status,
    history,
    undo,
    restart,
    pause: (each, object) => setPaused(each, object, true),
    resume: (each, object) => setPaused(each, object, false),
  };
  const act = acts[action ?? ''];
  if (act === undefined) throw new CliError('use rollout status, history, undo, restart, pause or resume', 2);
  await forEachTelling(session, await selectedObjects(session, args, flags), (object) => act(session, object, flags));
}

const kindError = (verb: string, { type }: NamedObject): CliError =>
  new CliError(`no ${verb} for ${type.kind}: use a Deployment, DaemonSet or StatefulSet`);

async function status(session: Session, object: NamedObject, flags: Flags): Promise<void> {
  const { client, clock } = session;
  const { type, key } = object;
  if (![deployments, daemonSets, statefulSets].some(({ kind }) => kind === type.kind))
    throw kindError('rollout status', object);
  const limitMs = durationMs(flags, 'timeout');
  using limit = deadline(session.signal, limitMs === undefined || limitMs === 0 ? 2 ** 30 : limitMs, clock);
  const { signal } = limit;
  try {
    const fieldSelector = `metadata.name=${key.name}`;
    let shown = '';
    const show = (current: KubernetesObject): boolean => {
      const { message, done } = rolloutStatus(current as Deployment | DaemonSet | StatefulSet);
      if (message !== shown) session.print(message);
      shown = message;
      return done || flags['watch'] === 'false';
    };
    const first = await client.read(type, key, { signal });
    if (show(first)) return;
    const from = first.metadata.resourceVersion;
    for (let resourceVersion = from; ;) {
      for await (const event of client.watch(type, {
        namespace: key.namespace,
        fieldSelector,
        resourceVersion,
        signal,
      })) {
        if (event.type === 'BOOKMARK') continue;
        if (event.type === 'DELETED') throw new CliError('object has been deleted');
        ({ resourceVersion } = event.object.metadata);
        if (show(event.object)) return;
      }
    }
  } catch (error) {
    if (!session.signal.aborted && signal.aborted)
      throw new CliError('timed out waiting for the condition', 1, { cause: error });
    throw error;
  }
}

interface Revision {
  readonly number: number;
  readonly replicaSet: ReplicaSet;
}

async function revisionsOf(
  session: Session,
  object: NamedObject,
): Promise<{ readonly deployment: Deployment; readonly revisions: readonly Revision[] }> {
  if (object.type.kind !== 'Deployment')
    throw new CliError(`revisions of ${object.type.kind} are not kept here; only those of a Deployment`);
  const { client, signal } = session;
  const deployment = await client.read(deployments, object.key, { signal });
  const { items } = await client.list(replicaSets, {
    namespace: object.key.namespace,
    labelSelector: selectorOf(deployment),
    signal,
  });
  const revisions = items
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid) === true)
    .map((replicaSet) => ({ replicaSet, number: Number(replicaSet.metadata.annotations?.[revisionAnnotation] ?? 0) }))
    .filter(({ number }) => number > 0)
    .sort((a, b) => a.number - b.number);
  return { deployment, revisions };
}

async function history(session: Session, object: NamedObject, flags: Flags): Promise<void> {
  const { revisions } = await revisionsOf(session, object);
  const wanted = wholeNumber(flags, 'revision');
  const name = shownName(object.type, object.key.name);
  if (wanted !== undefined && wanted !== 0) {
    const found = revisions.find(({ number }) => number === wanted);
    if (found === undefined) throw new CliError(`unable to find the specified revision`);
    session.print(
      `${name} with revision #${wanted}\nPod Template:\n${indented(yamlText(found.replicaSet.spec.template))}`,
    );
    return;
  }
  // Two spaces apart, unlike kubectl's other tables.
  const line = (revision: string, cause: string): string => `${revision.padEnd(10)}${cause}\n`;
  const rows = revisions.map(({ number, replicaSet }) =>
    line(String(number), replicaSet.metadata.annotations?.[causeAnnotation] ?? '<none>'),
  );
  session.print(`${name} \n${line('REVISION', 'CHANGE-CAUSE')}${rows.join('')}\n`);
}

const indented = (block: string): string => block.replace(/^(?=.)/gm, '  ');

async function undo(session: Session, object: NamedObject, flags: Flags): Promise<void> {
  const { deployment, revisions } = await revisionsOf(session, object);
  if (deployment.spec?.paused === true) {
    throw new CliError(`you cannot rollback a paused deployment; resume it first with 'rollout resume' and try again`);
  }
  const wanted = wholeNumber(flags, 'toRevision') ?? 0;
  const target = wanted === 0 ? revisions.at(-2) : revisions.find(({ number }) => number === wanted);
  if (target === undefined) {
    throw new CliError(
      wanted === 0
        ? `no rollout history found for ${object.type.singular} "${object.key.name}"`
        : `unable to find specified revision ${wanted} in history`,
    );
  }
  const { template } = target.replicaSet.spec;
  const { 'pod-template-hash': _, ...labels } = template?.metadata?.labels ?? {};
  const value = { ...template, metadata: { ...template?.metadata, labels } };
  const name = shownName(object.type, object.key.name);
  const current = deployment.spec?.template;
  if (
    JSON.stringify(current?.spec) === JSON.stringify(value.spec) &&
    JSON.stringify(current?.metadata) === JSON.stringify(value.metadata)
  ) {
    session.print(`${name} skipped rollback (current template already matches revision ${target.number})`);
    return;
  }
  const operations = [{ op: 'replace', path: '/spec/template', value }];
  await session.client.patch(deployments, keyOf(deployment), { type: 'json', operations }, { signal: session.signal });
  session.print(`${name} rolled back`);
}

async function restart(session: Session, object: NamedObject): Promise<void> {
  const { type, key } = object;
  if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(type.kind)) throw kindError('restart', object);
  const at = new Date(session.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const body = { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } } };
  await session.client.patch(
    type,
    key,
    { type: 'merge', body },
    { fieldManager: 'kubectl-rollout', signal: session.signal },
  );
  session.print(`${shownName(type, key.name)} restarted`);
}

async function setPaused(session: Session, { type, key }: NamedObject, paused: boolean): Promise<void> {
  if (type.kind !== 'Deployment') throw new CliError(`${type.plural} "${key.name}" pausing is not supported`);
  const { client, signal } = session;
  const current = await client.read(deployments, key, { signal });
  if ((current.spec?.paused ?? false) === paused) {
    throw new CliError(`deployments.apps "${key.name}" is ${paused ? 'already' : 'not'} paused`);
  }
  const body = { spec: { paused: paused ? true : null } };
  await client.patch(deployments, key, { type: 'merge', body }, { signal });
  session.print(`${shownName(type, key.name)} ${paused ? 'paused' : 'resumed'}`);
}
