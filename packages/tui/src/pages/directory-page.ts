import { readdir, readFile, stat } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Actions } from '../actions/key-map.js';
import { applyAll, deleteAll, manifestName, parseManifest, previewApply } from '../actions/manifests.js';
import type { ManifestObject } from '../actions/manifests.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { yamlLines } from '../text/yaml-text.js';
import { DiffPage } from './diff-page.js';
import { ListPage } from './list-page.js';
import { TextPage } from './text-page.js';

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  readonly changedAt: number;
}

const fieldManager = 'geobuk-tui';
/** A folder with more files than this is no folder of manifests. */
const mostFiles = 500;
const largestFile = 4 * 1024 * 1024;

const isManifest = (name: string): boolean => /\.(ya?ml|json)$/i.test(name);

/** `:dir PATH`: manifests on this machine. Enter goes in or reads, `e` edits, `a` applies, `d` deletes their objects. */
export class DirectoryPage extends ListPage<Entry> {
  constructor(path: string, cluster: Cluster, services: Services) {
    const folder = resolve(path.replace(/^~(?=\/|$)/, homedir()));
    let entries: readonly Entry[] = [];
    let problem = '';
    const read = async (): Promise<void> => {
      try {
        entries = await entriesOf(folder);
        problem = '';
      } catch (error) {
        problem = (error as Error).message;
      }
      services.invalidate();
    };
    super(
      {
        crumb: 'dir',
        title: () => `dir(${folder})`,
        cluster,
        columns: [
          { title: 'NAME' },
          { title: 'SIZE', kind: 'number', align: 'right' },
          { title: 'CHANGED', kind: 'time' },
        ],
        unsorted: true,
        rows: () =>
          entries.map((entry) => ({
            id: entry.path,
            cells: [entry.isFolder ? `${entry.name}/` : entry.name, entry.isFolder ? '' : String(entry.sizeBytes), ''],
            values: [undefined, entry.sizeBytes, entry.changedAt === 0 ? undefined : entry.changedAt],
            health: entry.isFolder || isManifest(entry.name) ? 'ok' : 'done',
            item: entry,
          })),
        empty: () => (problem === '' ? 'nothing here' : problem),
        actions: (entry) => ({
          refresh: () => services.act(read),
          ...(entry === undefined ? {} : entryActions(entry, cluster, services)),
        }),
        run: read,
      },
      services,
    );
  }
}

async function entriesOf(folder: string): Promise<readonly Entry[]> {
  const found = await readdir(folder, { withFileTypes: true });
  const seen = await Promise.all(
    found.slice(0, mostFiles).map(async (entry: Dirent): Promise<Entry | undefined> => {
      const path = join(folder, entry.name);
      const about = await stat(path).catch(() => undefined);
      if (about === undefined) return undefined;
      return {
        name: entry.name,
        path,
        isFolder: about.isDirectory(),
        sizeBytes: about.size,
        changedAt: about.mtimeMs,
      };
    }),
  );
  const entries = seen
    .filter((entry) => entry !== undefined)
    .sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || (a.name < b.name ? -1 : 1));
  const up = dirname(folder);
  const parent: Entry = { name: '..', path: up, isFolder: true, sizeBytes: 0, changedAt: 0 };
  return up === folder ? entries : [parent, ...entries];
}

function entryActions(entry: Entry, cluster: Cluster, services: Services): Actions {
  const view = (): void => {
    const load = async () => yamlLines(await textOf(entry.path));
    services.open(new TextPage({ crumb: entry.name, title: entry.path, cluster, load }, services));
  };
  const reading: Actions = {
    open: () => {
      if (entry.isFolder) services.open(new DirectoryPage(entry.path, cluster, services));
      else view();
    },
    ...(entry.isFolder ? {} : { yaml: view, edit: () => services.act(() => services.outside.editFile(entry.path)) }),
  };
  if (cluster.readOnly || entry.name === '..') return reading;
  return {
    ...reading,
    applyFile: () => services.act((signal) => applyEntry(entry, cluster, services, signal)),
    deleteFile: () => services.act((signal) => deleteEntry(entry, cluster, services, signal)),
  };
}

async function applyEntry(entry: Entry, cluster: Cluster, services: Services, signal: AbortSignal): Promise<void> {
  const objects = await objectsOf(entry, cluster, services, signal);
  if (objects.length === 0) {
    services.flash('warn', `${entry.name} holds no objects`);
    return;
  }
  const connection = await cluster.connection(signal);
  const { before, after } = await previewApply(connection, objects, fieldManager, signal);
  const title = `${objects.length} ${objects.length === 1 ? 'object' : 'objects'} of ${entry.name}`;
  if (!(await DiffPage.ask({ cluster, title, before, after }, services))) {
    services.flash('info', 'not applied');
    return;
  }
  await applyAll(connection, objects, fieldManager, signal);
  services.flash('info', `${title} applied`);
}

async function deleteEntry(entry: Entry, cluster: Cluster, services: Services, signal: AbortSignal): Promise<void> {
  const objects = await objectsOf(entry, cluster, services, signal);
  const names = objects.map(manifestName);
  const lines = names.length > 12 ? [...names.slice(0, 12), `… and ${names.length - 12} more`] : names;
  if (!(await services.dialogs.confirm({ title: `Delete what ${entry.name} holds?`, lines, confirm: 'Delete' })))
    return;
  const failures = await deleteAll(await cluster.connection(signal), objects, signal);
  if (failures.length === 0) services.flash('info', `${objects.length} deleted`);
  else await services.dialogs.message('Could not be deleted', failures);
}

/** The objects of a file, of all files of a folder, or of what a kustomization makes of it. */
async function objectsOf(
  entry: Entry,
  cluster: Cluster,
  services: Services,
  signal: AbortSignal,
): Promise<readonly ManifestObject[]> {
  const choice = services.namespaces();
  const namespace = choice.kind === 'one' ? choice.name : cluster.identity.namespace;
  const texts: string[] = [];
  if (entry.isFolder) await readFolder(entry.path, texts, services, signal);
  else texts.push(await textOf(entry.path));
  return parseManifest(texts.join('\n---\n'), namespace, cluster);
}

async function readFolder(folder: string, texts: string[], services: Services, signal: AbortSignal): Promise<void> {
  const entries = (await entriesOf(folder)).filter(({ name }) => name !== '..' && name !== '.git');
  if (entries.some(({ name }) => /^kustomization(\.ya?ml)?$/i.test(name))) {
    texts.push(await kustomized(folder, services, signal));
    return;
  }
  for (const { path, name, isFolder } of entries) {
    if (texts.length > mostFiles) throw new Error(`${basename(folder)} holds more than ${mostFiles} manifests`);
    if (isFolder) await readFolder(path, texts, services, signal);
    else if (isManifest(name)) texts.push(await textOf(path));
  }
}

/** What kubectl makes of a kustomization: the one thing here that needs it installed. */
async function kustomized(folder: string, services: Services, signal: AbortSignal): Promise<string> {
  const call = { command: 'kubectl', args: ['kustomize', folder], pipes: [], environment: {} };
  const { code, output } = await services.outside.runBehind({ ...call, whole: true }, signal);
  if (code !== 0) throw new Error(`kubectl kustomize: ${output.trim().split('\n').at(-1) ?? ''}`);
  return output;
}

async function textOf(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > largestFile) throw new Error(`${basename(path)} is larger than 4 MiB`);
  return readFile(path, 'utf8');
}
