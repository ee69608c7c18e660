import type { Pod } from '@geobuk/api';
import { isNotFound, isTooManyRequests, nodes, pods } from '@geobuk/api';
import type { Connection } from '../cluster/connection.js';
import type { TablePage } from '../pages/table-page.js';

const mirror = 'kubernetes.io/config.mirror';
const few = 8;

/** What a drain may do beyond moving what moves by itself. */
interface DrainOptions {
  /** Seconds; undefined: what each pod asks for. */
  readonly graceSeconds: number | undefined;
  /** Also pods that nobody makes again. */
  readonly force: boolean;
  /** Also pods whose emptyDir volumes go with them. */
  readonly deleteEmptyDirs: boolean;
  /** Deletes instead of evicting: past disruption budgets. */
  readonly pastBudgets: boolean;
}

/** Pods a drain has to move: not those of the node itself, of a DaemonSet, or done. Follows: kubectl drain. */
const isMovable = ({ metadata, status }: Pod): boolean =>
  metadata.annotations?.[mirror] === undefined &&
  status?.phase !== 'Succeeded' &&
  status?.phase !== 'Failed' &&
  metadata.deletionTimestamp === undefined &&
  !(metadata.ownerReferences ?? []).some(({ kind }) => kind === 'DaemonSet');

const nameOf = ({ metadata }: Pod): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

/** Why a pod holds a drain up; undefined: it does not. */
export function holdsDrain(pod: Pod, { force, deleteEmptyDirs }: DrainOptions): string | undefined {
  const isOwned = pod.metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
  if (!force && !isOwned) return 'nobody would make it again (Force)';
  if (!deleteEmptyDirs && pod.spec.volumes?.some(({ emptyDir }) => emptyDir !== undefined) === true)
    return 'it has data in an emptyDir (Delete emptyDir data)';
  return undefined;
}

/** `r` on a node: cordon, then evict pod after pod; what holds it up is told before and after. Follows: kubectl drain. */
export async function drainNode(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const { services } = page;
  const { name } = row.key;
  await services.act(async (signal) => {
    const options = await askOptions(page, name);
    if (options === undefined) return;
    const connection = await page.clusterOf(row).connection(signal);
    const { items } = await connection.list(pods, { fieldSelector: `spec.nodeName=${name}`, signal });
    const movable = items.filter(isMovable);
    const held = movable.flatMap((pod) => {
      const why = holdsDrain(pod, options);
      return why === undefined ? [] : [`${nameOf(pod)}: ${why}`];
    });
    if (held.length > 0) {
      await services.dialogs.message(`Node ${name} is not drained: these hold it up`, shortened(held));
      return;
    }
    const word = options.pastBudgets ? 'deleted' : 'evicted';
    const lines = [
      `node ${name} takes no more pods, and ${movable.length} pods are ${word}:`,
      ...shortened(movable.map((pod) => `  ${nameOf(pod)}`)),
    ];
    if (!(await services.dialogs.confirm({ title: 'Drain?', lines, confirm: 'Drain', typed: name }))) return;
    await connection.patch(nodes, { name }, { type: 'merge', body: { spec: { unschedulable: true } } }, { signal });
    const refused: string[] = [];
    for (const [index, pod] of movable.entries()) {
      services.flash('info', `draining ${name}: ${index + 1}/${movable.length}`);
      const failure = await move(connection, pod, options, signal);
      if (failure !== undefined) refused.push(`${nameOf(pod)}: ${failure}`);
    }
    if (refused.length === 0) services.flash('info', `${movable.length} pods ${word} from ${name}`);
    else await services.dialogs.message('A disruption budget holds these for now', refused);
  });
}

const shortened = (lines: readonly string[]): readonly string[] =>
  lines.length <= few ? lines : [...lines.slice(0, few), `… and ${lines.length - few} more`];

async function askOptions({ services }: TablePage, name: string): Promise<DrainOptions | undefined> {
  const yesNo = ['no', 'yes'];
  const answer = await services.dialogs.form(
    `Drain node ${name}`,
    [
      { name: 'grace', label: 'Grace period in s (-1: that of each pod)', value: '-1' },
      { name: 'force', label: 'Force: also pods nobody owns', value: 'no', choices: yesNo },
      { name: 'emptyDirs', label: 'Delete emptyDir data', value: 'no', choices: yesNo },
      { name: 'past', label: 'Disable eviction: past budgets', value: 'no', choices: yesNo },
    ],
    'Go on',
  );
  if (answer === undefined) return undefined;
  const grace = Number(answer['grace']);
  if (!Number.isInteger(grace) || grace < -1) {
    services.flash('alert', `not a number of seconds: ${answer['grace'] ?? ''}`);
    return undefined;
  }
  return {
    graceSeconds: grace < 0 ? undefined : grace,
    force: answer['force'] === 'yes',
    deleteEmptyDirs: answer['emptyDirs'] === 'yes',
    pastBudgets: answer['past'] === 'yes',
  };
}

/** @returns why a disruption budget refused. */
async function move(
  connection: Connection,
  { metadata }: Pod,
  { graceSeconds: gracePeriodSeconds, pastBudgets }: DrainOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const key = { namespace: metadata.namespace, name: metadata.name ?? '' };
  const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: key,
    ...(gracePeriodSeconds === undefined ? {} : { deleteOptions: grace }),
  };
  try {
    if (pastBudgets) await connection.delete(pods, key, { ...grace, uid: metadata.uid, signal });
    else await connection.createSubresource(pods, key, 'eviction', body, { signal });
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (isTooManyRequests(error)) return error.message;
    throw error;
  }
}
