import type { KubernetesObject, Pod, ResourceType, Secret } from '@geobuk/api';
import { nodes, pods, secrets } from '@geobuk/api';
import type { Cluster } from '../cluster/cluster.js';
import { describe } from '../describe/describe.js';
import { explainPods } from '../describe/explain.js';
import { rulesLines } from '../describe/rules.js';
import { LogPage } from '../pages/log-page.js';
import type { LogSource } from '../pages/log-feed.js';
import { RelatedPage } from '../pages/related-page.js';
import { RolloutPage } from '../pages/rollout-page.js';
import type { TablePage } from '../pages/table-page.js';
import { objectActions, showOne } from '../pages/object-actions.js';
import { secretToEdit } from './secret-text.js';
import { TextPage } from '../pages/text-page.js';
import type { Row } from '../table/row.js';
import type { StyledLine } from '../text/styled-text.js';
import { plainLine } from '../text/styled-text.js';
import { toYaml, yamlLines } from '../text/yaml-text.js';
import { podChoiceOf, selectorsOf } from './open-row.js';

/** The whole object behind a row, fresh from the server. */
export async function readRow(page: TablePage, row: Row, signal: AbortSignal): Promise<KubernetesObject> {
  const connection = await page.clusterOf(row).connection(signal);
  return connection.read(page.type, row.key, { signal });
}

const titleOf = (page: TablePage, row: Row): string =>
  `${page.type.singular} ${row.key.namespace === undefined ? '' : `${row.key.namespace}/`}${row.key.name}`;

/** `d`. */
export function showDescribe(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  const cluster = page.clusterOf(row);
  const load = async (signal: AbortSignal): Promise<readonly StyledLine[]> =>
    describe(await cluster.connection(signal), page.type, row.key, page.services.clock.now(), signal);
  page.services.open(
    new TextPage(
      { crumb: 'describe', wrapped: true, title: `describe ${titleOf(page, row)}`, cluster, load },
      page.services,
    ),
  );
}

/** `y`; `m` shows managed fields too, `x` what a secret holds, `e` edits. */
export function showYaml(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  let managed = false;
  let plain = false;
  const load = async (signal: AbortSignal): Promise<readonly StyledLine[]> => {
    const object = await readRow(page, row, signal);
    const { managedFields: _, ...metadata } = object.metadata;
    const shown = managed ? object : { ...object, metadata };
    return yamlLines(toYaml(plain ? secretToEdit(shown as Secret) : shown));
  };
  const { edit } = objectActions(page.services, page.clusterOf(row), page.type, row.object);
  const isSecret = page.type.plural === 'secrets' && page.type.group === '';
  const options = {
    crumb: 'yaml',
    title: `yaml ${titleOf(page, row)}`,
    cluster: page.clusterOf(row),
    load,
    actions: (text: TextPage) => ({
      managedFields: () => {
        managed = !managed;
        text.reload();
      },
      ...(edit === undefined
        ? {}
        : {
            edit: async () => {
              await edit();
              text.reload();
            },
          }),
      ...(isSecret
        ? {
            decode: () => {
              plain = !plain;
              text.reload();
            },
          }
        : {}),
    }),
  };
  page.services.open(new TextPage(options, page.services));
}

/** `x` on a secret: its values, decoded. Fetched for this page only. */
export function showSecret(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  const load = async (signal: AbortSignal): Promise<readonly StyledLine[]> => {
    const connection = await page.clusterOf(row).connection(signal);
    const { data = {} }: Secret = await connection.read(secrets, row.key, { signal });
    return Object.entries(data)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, value]) => [plainLine(`${name}:`, 'key'), ...decodedLines(value), plainLine('')]);
  };
  const title = `decoded ${titleOf(page, row)}`;
  page.services.open(new TextPage({ crumb: 'decoded', title, cluster: page.clusterOf(row), load }, page.services));
}

function decodedLines(base64: string): readonly StyledLine[] {
  const bytes = Buffer.from(base64, 'base64');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => plainLine(`  ${line}`, 'string'));
  } catch {
    return [plainLine(`  ${bytes.length} bytes, no text`, 'comment')];
  }
}

const defaultContainer = 'kubectl.kubernetes.io/default-container';

/** Containers of a pod whose logs can be read, the one to begin with first. */
function sourcesOf(
  pod: Pod,
  alone: boolean,
): { readonly first: readonly LogSource[]; readonly all: readonly LogSource[] } {
  const { name = '', namespace } = pod.metadata;
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name: container }) => ({
    pod: { namespace, name },
    container,
    label: alone ? container : `${name}:${container}`,
  }));
  const main = all.filter(({ container }) => pod.spec.containers.some((one) => one.name === container));
  const chosen = all.find(({ container }) => container === pod.metadata.annotations?.[defaultContainer]);
  return { first: chosen !== undefined ? [chosen] : main, all };
}

/** `l`, `p`: logs of a pod, or of all pods of a workload. */
export function showLogs(page: TablePage, previous: boolean): void {
  const row = page.current;
  if (row === undefined) return;
  void page.services.act(async (signal) => {
    const cluster = page.clusterOf(row);
    const found = await podsOf(page, row, cluster, signal);
    if (found.length === 0) {
      page.services.flash('warn', `${row.key.name} has no pods`);
      return;
    }
    const parts = found.map((pod) => sourcesOf(pod, found.length === 1));
    const sources = parts.flatMap(({ first }) => first);
    const allSources = parts.flatMap(({ all }) => all);
    const more = allSources.length > sources.length ? { allSources } : {};
    page.services.open(new LogPage({ cluster, title: titleOf(page, row), sources, ...more, previous }, page.services));
  });
}

/** The pods a row stands for. */
export async function podsOf(
  page: TablePage,
  row: Row,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  const choice = podChoiceOf(page, row);
  if (choice === undefined) return [];
  const connection = await cluster.connection(signal);
  if (choice.by === 'name') return [await connection.read(pods, row.key, { signal })];
  const namespace = choice.by === 'node' ? undefined : row.key.namespace;
  const { items } = await connection.list(pods, { namespace, ...selectorsOf(choice, row), signal });
  return items;
}

/** `i`: why it is not running, in the order things have to happen. */
export function showExplain(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  const cluster = page.clusterOf(row);
  const load = async (signal: AbortSignal): Promise<readonly StyledLine[]> => {
    const connection = await cluster.connection(signal);
    const found = await podsOf(page, row, cluster, signal);
    return explainPods(connection, page.type, row.key, found, page.services.clock.now(), signal);
  };
  page.services.open(
    new TextPage({ crumb: 'why', wrapped: true, title: `why: ${titleOf(page, row)}`, cluster, load }, page.services),
  );
}

/** `Shift-X`: owners, owned, events of any object. */
export function showRelated(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  page.services.open(new RelatedPage({ cluster: page.clusterOf(row), type: page.type, key: row.key }, page.services));
}

/** `Shift-J`: to the owner, or a choice when there are several. */
export function showOwner(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  const owners = row.object.metadata.ownerReferences ?? [];
  if (owners.length === 0) {
    page.services.flash('warn', `${row.key.name} has no owner`);
    return;
  }
  void page.services.act(async () => {
    const names = owners.map(({ kind, name }) => `${kind}/${name}`);
    const chosen = names.length === 1 ? names[0] : await page.services.dialogs.choose('Owner', names);
    const owner = owners[names.indexOf(chosen ?? '')];
    const type = owner === undefined ? undefined : page.cluster.catalog.ofKind(owner.apiVersion, owner.kind);
    if (owner === undefined || type === undefined) return;
    const namespace = type.namespaced ? row.key.namespace : undefined;
    showOne(page.services, page.clusterOf(row), type, { namespace, name: owner.name });
  });
}

/** `u`: which pods use it. */
export function showUsedBy(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  const { services, type } = page;
  services.open(new RelatedPage({ cluster: page.clusterOf(row), type, key: row.key, only: 'users' }, services));
}

/** Enter on a role, binding or service account: what it allows. */
export function showRules(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  const cluster = page.clusterOf(row);
  const load = async (signal: AbortSignal): Promise<readonly StyledLine[]> =>
    rulesLines(await cluster.connection(signal), page.type, row.key, signal);
  page.services.open(
    new TextPage({ crumb: 'rules', title: `rules of ${titleOf(page, row)}`, cluster, load }, page.services),
  );
}

/** `f`. */
export const openForwards = (page: TablePage): void => page.services.command('portforwards');

/** `o` on a pod: the node it stands on. */
export function showNode(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  const node = (row.object as Pod).spec.nodeName;
  if (node === undefined || node === '') page.services.flash('warn', 'it stands on no node yet');
  else showOne(page.services, page.clusterOf(row), nodes as ResourceType, { name: node });
}

/** `z` on a deployment: its revisions. */
export function showRollout(page: TablePage): void {
  const row = page.current;
  if (row !== undefined)
    page.services.open(new RolloutPage({ cluster: page.clusterOf(row), key: row.key }, page.services));
}
