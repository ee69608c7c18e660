import type { ResourceType } from '@geobuk/api';
import type { JournalEntry } from '../app/journal.js';
import type { Forward } from '../app/port-forwards.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { ListPage } from './list-page.js';

/** `:contexts`. Enter goes there; the one we are in is marked. */
export function contextsPage(cluster: Cluster, services: Services): ListPage<string> {
  const { context } = cluster.identity;
  return new ListPage(
    {
      crumb: 'contexts',
      title: () => 'contexts',
      cluster,
      columns: [{ title: 'NAME' }, { title: 'CLUSTER' }, { title: 'AUTHINFO' }, { title: 'NAMESPACE' }],
      rows: () =>
        services.contexts.map((name) => {
          const { identity } = services.cluster(name);
          return {
            id: name,
            cells: [name === context ? `${name}(*)` : name, identity.cluster, identity.user, identity.namespace],
            item: name,
          };
        }),
      empty: () => 'the kubeconfig has no contexts',
      actions: (name) => ({
        open: () => {
          if (name !== undefined) services.command(`ctx ${name}`);
        },
      }),
    },
    services,
  );
}

/** `:aliases`. Everything that can be typed after `:` to see a resource. */
export function aliasesPage(cluster: Cluster, services: Services): ListPage<ResourceType> {
  return new ListPage(
    {
      crumb: 'aliases',
      title: () => 'aliases',
      cluster,
      columns: [
        { title: 'RESOURCE' },
        { title: 'GROUP' },
        { title: 'VERSION' },
        { title: 'KIND' },
        { title: 'ALIASES' },
      ],
      rows: () =>
        cluster.catalog.types.map((type) => ({
          id: `${type.group}/${type.version}/${type.plural}`,
          cells: [type.plural, type.group, type.version, type.kind, [type.singular, ...type.shortNames].join(',')],
          item: type,
        })),
      empty: () => 'nothing was discovered yet',
      actions: (type) => ({
        open: () => {
          if (type !== undefined) services.command(type.group === '' ? type.plural : `${type.plural}.${type.group}`);
        },
      }),
    },
    services,
  );
}

/** `:portforwards`. */
export function forwardsPage(cluster: Cluster, services: Services): ListPage<Forward> {
  return new ListPage(
    {
      crumb: 'portforwards',
      title: () => 'portforwards',
      cluster,
      columns: [
        { title: 'NAMESPACE' },
        { title: 'NAME' },
        { title: 'POD' },
        { title: 'PORTS' },
        { title: 'OPEN', align: 'right' },
        { title: 'URL' },
        { title: 'PROBLEM' },
        { title: 'AGE', kind: 'time' },
      ],
      rows: () =>
        services.forwards.all.map((forward) => ({
          id: String(forward.id),
          cells: [
            forward.target.namespace,
            forward.target.name,
            forward.pod,
            `${forward.localPort}→${forward.target.port}`,
            String(forward.connections),
            `http://${forward.address}:${forward.localPort}`,
            forward.problem,
            '',
          ],
          values: [...new Array<undefined>(7).fill(undefined), forward.startedAt],
          health: forward.problem === '' ? ('ok' as const) : ('error' as const),
          problem: forward.problem,
          item: forward,
        })),
      empty: () => 'no port-forwards: Shift-F on a pod, a service or a workload makes one',
      actions: (forward) => ({
        stopForward: async () => {
          if (forward === undefined) return;
          const lines = [`${forward.address}:${forward.localPort} → ${forward.target.name}:${forward.target.port}`];
          if (await services.dialogs.confirm({ title: 'Stop?', lines, confirm: 'Stop' }))
            services.forwards.close(forward.id);
        },
        copy: () => {
          if (forward !== undefined) services.terminal.copy(`http://${forward.address}:${forward.localPort}`);
        },
      }),
    },
    services,
  );
}

/** `:journal`: what was changed from here; `u` takes a change back. */
export function journalPage(cluster: Cluster, services: Services): ListPage<JournalEntry> {
  return new ListPage(
    {
      crumb: 'journal',
      title: () => 'journal',
      cluster,
      columns: [{ title: 'AGE', kind: 'time' }, { title: 'CONTEXT' }, { title: 'CHANGE' }, { title: 'STATE' }],
      unsorted: true,
      rows: () =>
        services.journal.entries.map((entry, index) => ({
          id: `${entry.at} ${index} ${entry.what}`,
          cells: ['', entry.cluster.identity.context, entry.what, entry.undone ? 'undone' : 'done'],
          values: [entry.at, undefined, undefined, undefined],
          health: entry.undone ? ('done' as const) : ('ok' as const),
          item: entry,
        })),
      empty: () => 'nothing was changed from here yet',
      actions: (entry) =>
        cluster.readOnly
          ? {}
          : {
              undo: async () => {
                if (entry === undefined) return;
                if (!(await services.dialogs.confirm({ title: 'Undo?', lines: [entry.what], confirm: 'Undo' }))) return;
                await services.act(async (signal) => {
                  await services.journal.undo(entry, signal);
                  services.flash('info', `undone: ${entry.what}`);
                });
              },
            },
    },
    services,
  );
}
