import type { Actions } from '../actions/key-map.js';
import type { Forward } from '../app/port-forwards.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { SavedForward } from '../config/memory.js';
import { ListPage } from './list-page.js';
import type { ListRow } from './list-page.js';

/** A forward that is open, or one of an earlier run that has a name and could be. */
type Item =
  { readonly kind: 'open'; readonly forward: Forward } | { readonly kind: 'saved'; readonly saved: SavedForward };

/** `:portforwards`: those that are open, and those with a name that were. Enter opens one again. */
export function forwardsPage(cluster: Cluster, services: Services): ListPage<Item> {
  return new ListPage<Item>(
    {
      crumb: 'portforwards',
      title: () => 'portforwards',
      cluster,
      columns: [
        { title: 'NAME' },
        { title: 'NAMESPACE', drop: 5 },
        { title: 'TARGET', drop: 1 },
        { title: 'POD', drop: 6 },
        { title: 'PORTS', drop: 2 },
        { title: 'URL', drop: 3 },
        { title: 'OPEN', align: 'right', drop: 7 },
        { title: 'STATE', drop: 1 },
        { title: 'AGE', kind: 'time', drop: 4 },
      ],
      rows: () => [
        ...services.forwards.all.map(openRow),
        ...savedOf(cluster, services)
          .filter(({ name }) => !isOpen(name, cluster, services))
          .map(savedRow),
      ],
      empty: () => 'no port-forwards: Shift-F on a pod, a service or a workload makes one',
      actions: (item) => forwardActions(item, cluster, services),
    },
    services,
  );
}

const savedOf = (cluster: Cluster, services: Services): readonly SavedForward[] =>
  services.memory.of(cluster.identity.context).forwards ?? [];

const isOpen = (name: string, cluster: Cluster, services: Services): boolean =>
  services.forwards.all.some(
    ({ label, target }) => label === name && target.cluster === services.cluster(cluster.identity.context),
  );

const openRow = (forward: Forward): ListRow<Item> => ({
  id: `open ${forward.id}`,
  cells: [
    forward.label === '' ? '<none>' : forward.label,
    forward.target.namespace,
    forward.target.name,
    forward.pod,
    `${forward.localPort}→${forward.target.port}`,
    `http://${forward.address}:${forward.localPort}`,
    String(forward.connections),
    forward.problem === '' ? 'open' : forward.problem,
    '',
  ],
  values: [...new Array<undefined>(8).fill(undefined), forward.startedAt],
  health: forward.problem === '' ? 'ok' : 'error',
  problem: forward.problem,
  item: { kind: 'open', forward },
});

const savedRow = (saved: SavedForward): ListRow<Item> => ({
  id: `saved ${saved.name}`,
  cells: [
    saved.name,
    saved.namespace,
    saved.target,
    saved.pod ?? '',
    `${saved.localPort}→${saved.port}`,
    `http://${saved.address}:${saved.localPort}`,
    '',
    'saved',
    '',
  ],
  health: 'done',
  item: { kind: 'saved', saved },
});

function forwardActions(item: Item | undefined, cluster: Cluster, services: Services): Actions {
  const all = savedOf(cluster, services);
  const closed = all.filter(({ name }) => !isOpen(name, cluster, services));
  const restoring: Actions =
    cluster.readOnly || closed.length === 0 ? {} : { restoreForwards: () => restoreAll(closed, cluster, services) };
  if (item?.kind === 'saved') {
    const { saved } = item;
    return {
      ...restoring,
      ...(cluster.readOnly ? {} : { open: () => restoreAll([saved], cluster, services) }),
      forgetForward: async () => {
        const lines = [`${saved.name}: ${saved.localPort} → ${saved.target}:${saved.port}`];
        if (!(await services.dialogs.confirm({ title: 'Forget?', lines, confirm: 'Forget' }))) return;
        services.memory.keep(cluster.identity.context, { forwards: all.filter(({ name }) => name !== saved.name) });
        services.invalidate();
      },
    };
  }
  if (item === undefined) return restoring;
  const { forward } = item;
  return {
    ...restoring,
    stopForward: async () => {
      const lines = [`${forward.address}:${forward.localPort} → ${forward.target.name}:${forward.target.port}`];
      if (await services.dialogs.confirm({ title: 'Stop?', lines, confirm: 'Stop' }))
        services.forwards.close(forward.id);
    },
    copy: () => services.terminal.copy(`http://${forward.address}:${forward.localPort}`),
  };
}

async function restoreAll(wanted: readonly SavedForward[], cluster: Cluster, services: Services): Promise<void> {
  const failures: string[] = [];
  for (const { name, target, namespace, port, localPort, address, pod, labelSelector } of wanted) {
    const to = { cluster, namespace, name: target, port, ...(pod === undefined ? { labelSelector } : { pod }) };
    await services.forwards
      .open(to, localPort, address, services.clock.now(), name)
      .catch((error: Error) => failures.push(`${name}: ${error.message}`));
  }
  const opened = wanted.length - failures.length;
  if (failures.length === 0) services.flash('info', `${opened} ${opened === 1 ? 'forward' : 'forwards'} open again`);
  else await services.dialogs.message('Could not be opened', failures);
}
