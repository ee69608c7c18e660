import type { Pod } from '@geobuk/api';
import { isNotFound, pods } from '@geobuk/api';
import { deadline } from '@geobuk/client';
import type { Connection } from '../cluster/connection.js';
import { objectSource } from '../cluster/follow.js';
import type { ShellPod } from '../config/k9s-config.js';
import type { TablePage } from '../pages/table-page.js';
import { openSession } from './sessions.js';

/** An image may have to be fetched over a slow line; longer than this nobody waits in front of a screen. */
const startWithinMs = 100_000;
const deleteWithinMs = 10_000;

/** The pod that stands on a node as if it were the node itself. Follows: k9s' shell pod. */
export function shellPodFor(node: string, { image, namespace, cpu, memory }: ShellPod): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'node-shell-',
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'geobuk-tui', 'app.kubernetes.io/component': 'node-shell' },
    },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      hostPID: true,
      hostNetwork: true,
      hostIPC: true,
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      volumes: [{ name: 'root', hostPath: { path: '/' } }],
      containers: [
        {
          name: 'shell',
          image,
          // Ends by itself, should nobody be left to delete it.
          command: ['sleep', '86400'],
          resources: { limits: { cpu, memory }, requests: { cpu, memory } },
          securityContext: { privileged: true },
          volumeMounts: [{ name: 'root', mountPath: '/host', readOnly: true }],
        },
      ],
    },
  };
}

/**
 * `s` on a node: a shell there, in a privileged pod that is made for it and deleted after, however the shell ends. Off
 * unless settings say so for the context, and asked for each time: it is the whole node that is handed out.
 */
export async function shellOnNode(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const { services } = page;
  const cluster = page.clusterOf(row);
  const { context } = cluster.identity;
  const { shellPod } = services.personal.k9s;
  if (!services.personal.of(context).nodeShell) {
    services.flash('warn', `node shells are off: set nodeShell: true for context ${context} in tui.yaml`);
    return;
  }
  const { name } = row.key;
  const lines = [
    `A privileged pod with the whole of node ${name}`,
    `is made in ${shellPod.namespace} from ${shellPod.image}`,
    'and deleted when the shell ends.',
  ];
  if (!(await services.dialogs.confirm({ title: 'Shell on the node?', lines, confirm: 'Open' }))) return;
  await services.act(async (signal) => {
    const connection = await cluster.connection(signal);
    const made = await connection.create(pods, shellPodFor(name, shellPod), { signal });
    const key = { namespace: shellPod.namespace, name: made.metadata.name ?? '' };
    try {
      services.flash('info', `waiting for ${key.name} to start`);
      const pod = await started(connection, key, shellPod.image, signal);
      const command = shellPod.command.length === 0 ? undefined : shellPod.command;
      await openSession({ cluster, services, key, pod, container: 'shell', kind: 'exec', command }, signal);
    } finally {
      await remove(connection, key);
    }
  });
}

/** Waits until the pod runs. @throws {Error} it ends, or does not run in time. */
async function started(
  connection: Connection,
  key: { readonly namespace: string; readonly name: string },
  image: string,
  signal: AbortSignal,
): Promise<Pod> {
  using limit = deadline(signal, startWithinMs);
  const source = objectSource<Pod>(connection, pods, {
    namespace: key.namespace,
    fieldSelector: `metadata.name=${key.name}`,
  });
  let last: Pod | undefined;
  const isOver = (pod: Pod): boolean => ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '');
  try {
    const { items, resourceVersion } = await source.list(undefined, limit.signal);
    last = items[0];
    if (last?.status?.phase === 'Running') return last;
    for await (const event of source.watch(resourceVersion, limit.signal)) {
      if (event.type === 'bookmark') continue;
      last = event.item;
      if (event.type === 'set' && last.status?.phase === 'Running') return last;
      if (event.type === 'removed' || isOver(last) || unpullable.has(waitingOf(last)?.reason ?? '')) break;
    }
  } catch (error) {
    if (signal.aborted || !limit.signal.aborted) throw error;
  }
  const reason = waitingOf(last)?.reason;
  if (unpullable.has(reason ?? ''))
    throw new Error(`the node cannot get ${image} (${reason}): name another in shellPod.image of k9s' config.yaml`);
  throw new Error(
    `the shell's pod did not start: ${reason ?? last?.status?.message ?? last?.status?.phase ?? 'it is gone'}`,
  );
}

/** Reasons that waiting longer seldom mends. */
const unpullable = new Set(['ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'ErrImageNeverPull']);

const waitingOf = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]?.state?.waiting;

/** Also when the dashboard itself is ending: nothing privileged is left behind. */
async function remove(
  connection: Connection,
  key: { readonly namespace: string; readonly name: string },
): Promise<void> {
  await connection
    .delete(pods, key, { gracePeriodSeconds: 0, signal: AbortSignal.timeout(deleteWithinMs) })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
}
