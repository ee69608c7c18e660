import type { Command } from 'commander';
import type { Node, Pod } from '@geobuk/api';
import { isNotFound, isTooManyRequests, keyOf, nodes, pods } from '@geobuk/api';
import { allSettledOrThrow, deadline } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import { objectGone } from './delete.js';
import type { KubectlIo } from './io.js';
import { listAll } from './selected-objects.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, durationMs, isSet, text, wholeNumber } from './verb.js';

const retryEvictionMs = 5_000;

/** Follows: kubectl cordon, uncordon, drain. */
export function addNodes(parent: Command, io: KubectlIo): void {
  const chosen = (command: Command): Command =>
    command
      .option('-l, --selector <labels>', 'nodes by labels')
      .option('--dry-run [mode]', 'none, server or client', 'none');
  chosen(
    addVerb(parent, 'cordon', 'take nodes out of scheduling', io, (session, args, flags) =>
      cordon(session, args, flags, true),
    ),
  );
  chosen(
    addVerb(parent, 'uncordon', 'let nodes take pods again', io, (session, args, flags) =>
      cordon(session, args, flags, false),
    ),
  );
  drainFlags(chosen(addVerb(parent, 'drain', 'cordon nodes and evict their pods', io, drain)));
}

/** What `drain` can be told; a node that is removed is drained by the same. */
export const drainFlags = (command: Command): Command =>
  command
    .option('--ignore-daemonsets', 'leave pods of daemon sets')
    .option('--delete-emptydir-data', 'pods with emptyDir volumes too')
    .option('--force', 'pods without a controller too')
    .option('--grace-period <seconds>', 'time for pods to end')
    .option('--timeout <duration>', 'the longest wait', '0s')
    .option('--disable-eviction', 'delete instead of evict, past disruption budgets')
    .option('--pod-selector <labels>', 'pods by labels');

/** Nodes by name or selector. @throws {CliError} usage: neither is given. */
export async function nodesOf(session: Session, args: readonly string[], flags: Flags): Promise<readonly Node[]> {
  if (text(flags, 'selector') !== undefined) return listAll(session, nodes, flags);
  if (args.length === 0) throw new CliError('name a node, or choose by --selector', 2);
  return allSettledOrThrow(
    args.map((name) => session.client.read(nodes, { name: name.replace(/^nodes?\//, '') }, { signal: session.signal })),
  );
}

async function cordon(session: Session, args: readonly string[], flags: Flags, wanted: boolean): Promise<void> {
  for (const node of await nodesOf(session, args, flags)) await cordonOne(session, node, wanted);
}

async function cordonOne(session: Session, node: Node, wanted: boolean): Promise<void> {
  const name = node.metadata.name ?? '';
  const did = wanted ? 'cordoned' : 'uncordoned';
  if ((node.spec?.unschedulable ?? false) === wanted) {
    session.print(`node/${name} already ${did}`);
    return;
  }
  const body = { spec: { unschedulable: wanted ? true : null } };
  await session.client.patch(nodes, { name }, { type: 'merge', body }, { signal: session.signal });
  session.print(`node/${name} ${did}`);
}

/** Follows: kubectl drain. */
export async function drain(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const limitMs = durationMs(flags, 'timeout') ?? 0;
  using limit = deadline(session.signal, limitMs === 0 ? 2 ** 30 : limitMs, session.clock);
  for (const node of await nodesOf(session, args, flags)) {
    await cordonOne(session, node, true);
    const name = node.metadata.name ?? '';
    const labelSelector = text(flags, 'podSelector');
    const { items } = await session.client.list(pods, {
      fieldSelector: `spec.nodeName=${name}`,
      labelSelector,
      signal: session.signal,
    });
    const plan = planDrain(items, {
      ignoreDaemonSets: isSet(flags, 'ignoreDaemonsets'),
      deleteEmptyDir: isSet(flags, 'deleteEmptydirData'),
      force: isSet(flags, 'force'),
    });
    if (plan.errors.length > 0)
      throw new CliError(`unable to drain node "${name}" due to error: ${plan.errors.join(', ')}`);
    for (const warning of plan.warnings) session.note(`Warning: ${warning}`);
    await allSettledOrThrow(plan.evict.map((pod) => evict(session, pod, flags, limit.signal)));
    session.print(`node/${name} drained`);
  }
}

export interface DrainRules {
  readonly ignoreDaemonSets: boolean;
  readonly deleteEmptyDir: boolean;
  readonly force: boolean;
}

export interface DrainPlan {
  readonly evict: readonly Pod[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

/** Which pods go, and what stands against it. Follows: the drain filters of kubectl. */
export function planDrain(all: readonly Pod[], rules: DrainRules): DrainPlan {
  const evict: Pod[] = [];
  const groups = { daemonSet: [] as string[], unmanaged: [] as string[], emptyDir: [] as string[] };
  for (const pod of all) {
    const { metadata, spec, status } = pod;
    const name = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
    const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
    const finished = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    // The kubelet's own, from files: they come back whatever we do.
    if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) continue;
    if (controller?.kind === 'DaemonSet' && !finished) {
      groups.daemonSet.push(name);
      continue;
    }
    if (!finished && controller === undefined) groups.unmanaged.push(name);
    if (!finished && spec.volumes?.some(({ emptyDir }) => emptyDir !== undefined) === true) groups.emptyDir.push(name);
    evict.push(pod);
  }
  const warnings: string[] = [];
  const errors: string[] = [];
  const judge = (names: readonly string[], allowed: boolean, warning: string, error: string): void => {
    if (names.length === 0) return;
    if (allowed) warnings.push(`${warning}: ${names.join(', ')}`);
    else errors.push(`${error}: ${names.join(', ')}`);
  };
  judge(
    groups.daemonSet,
    rules.ignoreDaemonSets,
    'ignoring DaemonSet-managed Pods',
    'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)',
  );
  judge(
    groups.unmanaged,
    rules.force,
    'deleting Pods that declare no controller',
    'cannot delete Pods that declare no controller (use --force to override)',
  );
  if (!rules.deleteEmptyDir) {
    judge(groups.emptyDir, false, '', 'cannot delete Pods with local storage (use --delete-emptydir-data to override)');
  }
  return { evict, warnings, errors };
}

async function evict(session: Session, pod: Pod, flags: Flags, signal: AbortSignal): Promise<void> {
  const { client, clock } = session;
  const key = keyOf(pod);
  const grace = wholeNumber(flags, 'gracePeriod');
  const gracePeriodSeconds = grace === undefined || grace < 0 ? undefined : grace;
  session.print(`evicting pod ${key.namespace ?? ''}/${key.name}`);
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: key,
    deleteOptions: { ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) },
  };
  for (;;) {
    try {
      if (isSet(flags, 'disableEviction')) await client.delete(pods, key, { gracePeriodSeconds, signal });
      else await client.createSubresource(pods, key, 'eviction', body, { signal });
      break;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isTooManyRequests(error)) throw error;
      // A disruption budget: it gives way when other pods are ready, and no event tells us when.
      session.note(
        `error when evicting pods/"${key.name}" -n "${key.namespace ?? ''}" (will retry after 5s): ${error.message}`,
      );
      await clock.after(retryEvictionMs, { signal });
    }
  }
  await objectGone(session, pods, key, pod.metadata.uid, signal);
  session.print(`pod/${key.name} evicted`);
}
