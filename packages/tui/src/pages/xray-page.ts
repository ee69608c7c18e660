import type { KubernetesObject, Pod, ResourceType } from '@geobuk/api';
import { configMaps, persistentVolumeClaims, pods, secrets, serviceAccounts } from '@geobuk/api';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import { ObjectSet } from '../cluster/object-set.js';
import { namespaceText } from '../command/parse-command.js';
import { xrayTree } from '../describe/xray.js';
import type { XrayNode } from '../describe/xray.js';
import type { Actions } from '../actions/key-map.js';
import { ListPage } from './list-page.js';
import { objectActions, showOne } from './object-actions.js';

const referred = [configMaps, secrets, serviceAccounts, persistentVolumeClaims].map((type) => type as ResourceType);

/** A tree of more can be grown than can be read. */
const mostRows = 5_000;

/** Only names matter of what pods refer to. */
const nameOnly = ({ metadata: { name, namespace, uid } }: KubernetesObject): KubernetesObject => ({
  metadata: { name, namespace, uid },
});

/** `:xray RES`: what objects are made of and what they need, as a tree; what is missing stands out. Space folds. */
export class XrayPage extends ListPage<XrayNode> {
  constructor(cluster: Cluster, type: ResourceType, services: Services) {
    const choice = services.namespaces();
    const namespace = choice.kind === 'one' ? choice.name : undefined;
    const changed = (): void => services.invalidate();
    const roots = new ObjectSet<KubernetesObject>(changed);
    const crew = new ObjectSet<Pod>(changed);
    const sets = new Map(referred.map((one) => [one.plural, new ObjectSet<KubernetesObject>(changed, nameOnly)]));
    const folded = new Set<string>();
    let shown: readonly XrayNode[] = [];
    const exists = (plural: string, of: string | undefined, name: string): boolean | undefined => {
      const set = sets.get(plural);
      if (set === undefined || !set.complete) return undefined;
      return [...set].some(({ metadata }) => metadata.name === name && metadata.namespace === of);
    };
    const targetActions = (node: XrayNode | undefined): Actions => {
      const target = node?.target;
      const of = target === undefined ? undefined : cluster.catalog.find(target.plural);
      if (target === undefined || of === undefined) return {};
      const isTarget = ({ metadata }: KubernetesObject): boolean =>
        metadata.name === target.name && metadata.namespace === target.namespace;
      const whole = of.plural === type.plural ? [...roots] : of.plural === pods.plural ? [...crew] : [];
      const found = whole.find(isTarget);
      if (found !== undefined) return objectActions(services, cluster, of, found);
      return objectActions(
        services,
        cluster,
        of,
        { metadata: { namespace: target.namespace, name: target.name } },
        true,
      );
    };
    super(
      {
        crumb: 'xray',
        title: () => `xray ${type.plural}(${namespaceText(choice)})`,
        cluster,
        columns: [{ title: 'NAME' }, { title: 'STATE' }],
        unsorted: true,
        rows: () => {
          const chosen = [...roots].filter(
            ({ metadata }) => choice.kind !== 'some' || choice.includes(metadata.namespace ?? ''),
          );
          shown = xrayTree({ type, roots: chosen, pods: [...crew], exists });
          const nodes = visible(shown, folded);
          return nodes.slice(0, mostRows).map((node) => ({
            id: node.id,
            cells: [`${'   '.repeat(node.depth)}${folded.has(node.id) ? '▸ ' : '▾ '}${node.label}`, node.note],
            health: node.health,
            problem: node.health === 'error' ? node.note : '',
            item: node,
          }));
        },
        empty: () => (roots.complete ? `no ${type.plural} here` : 'loading…'),
        actions: (node) => ({
          ...targetActions(node),
          open: () => {
            const target = node?.target;
            const of = target === undefined ? undefined : cluster.catalog.find(target.plural);
            if (target !== undefined && of !== undefined) showOne(services, cluster, of, target);
          },
          foldAll: () => {
            // Once more opens all again.
            const roots = shown.filter(({ depth }) => depth === 0).map(({ id }) => id);
            const isFolded = roots.every((id) => folded.has(id));
            folded.clear();
            if (!isFolded) for (const id of roots) folded.add(id);
            changed();
          },
          mark: () => {
            if (node === undefined) return;
            if (!folded.delete(node.id)) folded.add(node.id);
            changed();
          },
        }),
        run: async (signal) => {
          const refused = (error: Error): void => services.flash('warn', error.message);
          const scope = { namespace };
          await Promise.all([
            cluster.follow((connection) => objectSource(connection, type, scope), roots, refused, signal),
            cluster.follow<Pod>((connection) => objectSource(connection, pods, scope), crew, refused, signal),
            ...referred.map((one) =>
              cluster.follow(
                (connection) => objectSource(connection, one, scope),
                sets.get(one.plural)!,
                () => undefined,
                signal,
              ),
            ),
          ]);
        },
      },
      services,
    );
  }
}

/** Leaves out what lies below folded branches. */
function visible(nodes: readonly XrayNode[], folded: ReadonlySet<string>): readonly XrayNode[] {
  const shown: XrayNode[] = [];
  let hiddenBelow = Infinity;
  for (const node of nodes) {
    if (node.depth > hiddenBelow) continue;
    hiddenBelow = folded.has(node.id) ? node.depth : Infinity;
    shown.push(node);
  }
  return shown;
}
