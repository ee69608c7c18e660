import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { ansiSegments } from '../text/ansi-text.js';
import { ListPage } from './list-page.js';
import { TextPage } from './text-page.js';

interface Dump {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly savedAt: number;
}

/** `:screendumps`: what was saved with `^s`. Enter reads one, `e` opens it in the editor, `^d` removes it. */
export function dumpsPage(cluster: Cluster, services: Services): ListPage<Dump> {
  const folder = services.outside.dumpDirectory;
  let dumps: readonly Dump[] = [];
  const read = async (): Promise<void> => {
    dumps = await dumpsIn(folder);
    services.invalidate();
  };
  return new ListPage<Dump>(
    {
      crumb: 'screendumps',
      title: () => `screendumps(${folder})`,
      cluster,
      columns: [{ title: 'NAME' }, { title: 'SIZE', kind: 'number', align: 'right' }, { title: 'AGE', kind: 'time' }],
      sort: { column: 2, descending: false },
      rows: () =>
        dumps.map((dump) => ({
          id: dump.path,
          cells: [dump.name, String(dump.sizeBytes), ''],
          values: [undefined, dump.sizeBytes, dump.savedAt],
          item: dump,
        })),
      empty: () => 'nothing was saved yet: ^s saves a table, a text or a log',
      actions: (dump) => ({
        refresh: () => services.act(read),
        ...(dump === undefined
          ? {}
          : {
              open: () => {
                const load = async () => (await readFile(dump.path, 'utf8')).split('\n').map(ansiSegments);
                services.open(new TextPage({ crumb: 'dump', title: dump.name, cluster, load }, services));
              },
              edit: () => services.act(() => services.outside.editFile(dump.path)),
              removeFile: async () => {
                if (!(await services.dialogs.confirm({ title: 'Remove?', lines: [dump.path], confirm: 'Remove' })))
                  return;
                await services.act(async () => {
                  await rm(dump.path);
                  await read();
                });
              },
            }),
      }),
      run: read,
    },
    services,
  );
}

async function dumpsIn(folder: string): Promise<readonly Dump[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && /\.(csv|txt|log|yaml)$/.test(entry.name));
  return Promise.all(
    files.map(async ({ name }) => {
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path);
      return { name, path, sizeBytes: size, savedAt: mtimeMs };
    }),
  );
}
