import type { Service } from '@geobuk/api';
import { useMemo, useState } from 'preact/hooks';
import { useObjects } from '../api/use-objects.js';
import type { AnyObject } from '../relations/relations.js';
import { useShared } from '../state/context.js';
import { objectRoute } from '../state/route.js';
import { useTable } from '../table/use-table.js';
import { healthOf } from './health.js';
import { Notice } from './notice.js';
import { placePods } from './place-pods.js';
import type { MapNode } from './topology.js';
import { layOut } from './topology.js';

const mostPods = 150;
const boxWidth = 220;

/** Services, the pods behind them and the nodes below those. */
export function MapView() {
  const { t, kinds, namespaces } = useShared();
  const podKind = kinds.find(({ group, plural }) => group === '' && plural === 'pods');
  const pods = useTable(podKind, namespaces);
  const services = useObjects<Service & AnyObject>('/k8s/api/v1/services');
  const [pointed, setPointed] = useState<string | undefined>();
  const { nodes, edges, height } = useMemo(() => {
    const placed = placePods(pods.columns, pods.rows).slice(0, mostPods);
    const wanted = services.items
      .filter(({ metadata }) => namespaces.length === 0 || namespaces.includes(metadata.namespace ?? ''))
      .map(({ metadata, spec }) => ({
        name: metadata.name,
        namespace: metadata.namespace ?? '',
        selector: spec?.selector ?? {},
      }));
    return layOut(wanted, placed);
  }, [pods.columns, pods.rows, services.items, namespaces]);
  const near = useMemo(() => {
    const ids = new Set<string>(pointed === undefined ? [] : [pointed]);
    for (const [from, to] of edges) if (from.id === pointed || to.id === pointed) ids.add(from.id).add(to.id);
    return ids;
  }, [edges, pointed]);
  const routeOf = ({ kind, namespace, name }: MapNode): string =>
    objectRoute({ group: '', plural: `${kind}s` }, namespace, name);
  const dim = (isNear: boolean): string => (pointed !== undefined && !isNear ? ' dim' : '');
  return (
    <section class="page map">
      <header>
        <h1>{t('map')}</h1>
        <span class="hint">{t('mapIntro')}</span>
      </header>
      <Notice error={services.error ?? pods.error} />
      {pods.rows.length > mostPods && <p class="hint">{t('mapMore', { count: mostPods })}</p>}
      <div class="card scroll">
        <svg
          viewBox={`0 0 1000 ${height + 40}`}
          style={{ minHeight: `${height + 40}px` }}
          role="group"
          aria-label={t('mapIntro')}
        >
          {(
            [
              ['services', 20],
              ['pods', 390],
              ['nodes', 760],
            ] as const
          ).map(([key, x]) => (
            <text key={key} class="column" x={x} y={16}>
              {t(key)}
            </text>
          ))}
          <g transform="translate(0 30)">
            {edges.map(([from, to]) => (
              <path
                key={`${from.id}${to.id}`}
                class={`edge${dim(near.has(from.id) && near.has(to.id))}`}
                d={`M${from.x + boxWidth} ${from.y} C${from.x + boxWidth + 75} ${from.y} ${to.x - 75} ${to.y} ${to.x} ${to.y}`}
              />
            ))}
            {nodes.map((node) => (
              <a
                key={node.id}
                href={routeOf(node)}
                class={`box ${node.kind} ${node.kind === 'pod' ? healthOf(node.status) : ''}${dim(near.has(node.id))}`}
                onMouseEnter={() => setPointed(node.id)}
                onMouseLeave={() => setPointed(undefined)}
                onFocus={() => setPointed(node.id)}
                onBlur={() => setPointed(undefined)}
              >
                <title>{`${node.namespace} ${node.name} ${node.status}`}</title>
                <rect x={node.x} y={node.y - 15} width={boxWidth} height={30} rx={node.kind === 'pod' ? 15 : 6} />
                <text x={node.x + 14} y={node.y + 4}>
                  {node.name.length > 28 ? `${node.name.slice(0, 27)}…` : node.name}
                </text>
              </a>
            ))}
          </g>
        </svg>
      </div>
    </section>
  );
}
