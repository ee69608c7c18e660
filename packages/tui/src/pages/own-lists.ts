import type { ResourceType } from '@geobuk/api';
import type { JournalEntry } from '../app/journal.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { ListPage } from './list-page.js';

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
