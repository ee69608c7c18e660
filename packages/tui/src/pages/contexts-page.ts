import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { ListPage } from './list-page.js';

/** `:contexts`. Enter goes there, `r` renames, `^d` takes one out of the kubeconfig; the one we are in is marked. */
export function contextsPage(cluster: Cluster, services: Services): ListPage<string> {
  const { context } = cluster.identity;
  return new ListPage(
    {
      crumb: 'contexts',
      title: () => 'contexts',
      cluster,
      columns: [
        { title: 'NAME' },
        { title: 'CLUSTER' },
        { title: 'AUTHINFO' },
        { title: 'NAMESPACE' },
        { title: 'SERVER' },
        { title: 'BADGE' },
      ],
      rows: () =>
        services.contexts.map((name) => {
          const { identity, readOnly } = services.cluster(name);
          const badge = services.personal.of(name).badge ?? '';
          return {
            id: name,
            cells: [
              name === context ? `${name}(*)` : name,
              identity.cluster,
              identity.user,
              identity.namespace,
              identity.server,
              [badge, readOnly ? 'RO' : ''].filter((word) => word !== '').join(' '),
            ],
            item: name,
          };
        }),
      empty: () => 'the kubeconfig has no contexts',
      actions: (name) => ({
        open: () => {
          if (name !== undefined) services.command(`ctx ${name}`);
        },
        copy: () => {
          if (name !== undefined) services.terminal.copy(name);
        },
        ...(name === undefined || services.kubeconfig === undefined
          ? {}
          : {
              rename: () => renameContext(name, services),
              removeContext: () => removeContext(name, services),
            }),
      }),
    },
    services,
  );
}

async function renameContext(name: string, services: Services): Promise<void> {
  const answer = await services.dialogs.form(
    `Rename context ${name}`,
    [{ name: 'to', label: 'New name', value: name }],
    'Rename',
  );
  const to = answer?.['to']?.trim() ?? '';
  if (answer === undefined || to === name) return;
  await services.act(async () => {
    await services.kubeconfig?.rename(name, to);
    services.memory.renameContext(name, to);
    services.flash('info', `context ${name} is called ${to} now`);
    // The context we are in goes on under its new name.
    if (name === services.context) services.command(`ctx ${to}`);
  });
}

async function removeContext(name: string, services: Services): Promise<void> {
  if (name === services.context) {
    services.flash('warn', `${name} is the context we are in: go to another one first`);
    return;
  }
  const lines = [`context ${name} is taken out of the kubeconfig`, 'its cluster and user stay there'];
  if (!(await services.dialogs.confirm({ title: 'Remove context?', lines, confirm: 'Remove' }))) return;
  await services.act(async () => {
    await services.kubeconfig?.remove(name);
    services.memory.renameContext(name, undefined);
    services.flash('info', `context ${name} is removed`);
  });
}
