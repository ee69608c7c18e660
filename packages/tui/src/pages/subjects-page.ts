import type { ClusterRoleBinding, RbacV1Subject, RoleBinding } from '@geobuk/api';
import { clusterRoleBindings, roleBindings } from '@geobuk/api';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import { ObjectSet } from '../cluster/object-set.js';
import { ofSubject } from '../describe/rules.js';
import { ListPage } from './list-page.js';
import { TextPage } from './text-page.js';

/** What a subject may do, by all bindings that name it. */
export function subjectPage(subject: RbacV1Subject, cluster: Cluster, services: Services): TextPage {
  const load = async (signal: AbortSignal) => ofSubject(await cluster.connection(signal), subject, signal);
  return new TextPage(
    { crumb: 'rules', title: `rules of ${subject.kind.toLowerCase()} ${subject.name}`, cluster, load },
    services,
  );
}

/** `:users`, `:groups`: whoever a binding names. Enter: what they may do. */
export class SubjectsPage extends ListPage<RbacV1Subject> {
  constructor(kind: 'User' | 'Group', cluster: Cluster, services: Services) {
    const changed = (): void => services.invalidate();
    const wide = new ObjectSet<ClusterRoleBinding>(changed);
    const local = new ObjectSet<RoleBinding>(changed);
    const plural = `${kind.toLowerCase()}s`;
    super(
      {
        crumb: plural,
        title: () => plural,
        cluster,
        columns: [
          { title: 'NAME' },
          { title: 'KIND' },
          { title: 'BINDINGS', kind: 'number', align: 'right' },
          { title: 'FIRST-LOCATION' },
        ],
        rows: () => {
          const found = new Map<string, { readonly subject: RbacV1Subject; readonly places: string[] }>();
          for (const binding of [...wide, ...local]) {
            for (const subject of binding.subjects ?? []) {
              if (subject.kind !== kind) continue;
              const known = found.get(subject.name) ?? { subject, places: [] };
              known.places.push(binding.metadata.namespace ?? 'everywhere');
              found.set(subject.name, known);
            }
          }
          return [...found].map(([name, { subject, places }]) => ({
            id: name,
            cells: [name, kind, String(places.length), places[0] ?? ''],
            values: [undefined, undefined, places.length, undefined],
            item: subject,
          }));
        },
        empty: () => `no binding names a ${kind.toLowerCase()}`,
        actions: (subject) => ({
          open: () => {
            if (subject !== undefined) services.open(subjectPage(subject, cluster, services));
          },
        }),
        run: async (signal) => {
          const refused = (error: Error): void => services.flash('warn', error.message);
          await Promise.all([
            cluster.follow((connection) => objectSource(connection, clusterRoleBindings, {}), wide, refused, signal),
            cluster.follow((connection) => objectSource(connection, roleBindings, {}), local, refused, signal),
          ]);
        },
      },
      services,
    );
  }
}
