import type { Node } from '@geobuk/api';
import { useShared } from '../state/context.js';
import { objectRoute } from '../state/route.js';
import { healthOf } from './health.js';
import type { PlacedPod } from './place-pods.js';

const perRow = 14;
const mostTiles = 112;
const pods = { group: '', plural: 'pods' };

/** Every node a ship, every pod a tile of its deck. */
export function Fleet({ nodes, pods: all }: { readonly nodes: readonly Node[]; readonly pods: readonly PlacedPod[] }) {
  const { t } = useShared();
  const ashore = all.filter(({ node }) => node === undefined);
  return (
    <div class="fleet">
      {nodes.map((node) => (
        <Ship key={node.metadata.name} node={node} pods={all.filter(({ node: on }) => on === node.metadata.name)} />
      ))}
      {ashore.length > 0 && (
        <div class="ashore">
          <h3>
            {t('unplaced')} <span class="count">{ashore.length}</span>
          </h3>
          <div class="tilesheet">
            {ashore.slice(0, mostTiles).map(({ name, namespace, status }) => (
              <a
                key={`${namespace}/${name}`}
                class={`pod ${healthOf(status)}`}
                href={objectRoute(pods, namespace, name)}
                title={`${namespace}/${name}: ${status}`}
              >
                <span class="visually-hidden">{name}</span>
              </a>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

function Ship({ node, pods: aboard }: { readonly node: Node; readonly pods: readonly PlacedPod[] }) {
  const { t } = useShared();
  const isReady = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  const shown = aboard.slice(0, mostTiles);
  const rows = Math.max(1, Math.ceil(shown.length / perRow));
  const deckHeight = rows * 16 + 10;
  const height = deckHeight + 62;
  const { name = '' } = node.metadata;
  const state =
    node.spec.unschedulable === true
      ? `${isReady ? t('ready') : t('notReady')} · ${t('cordon')}`
      : isReady
        ? t('ready')
        : t('notReady');
  return (
    <figure class={`ship ${isReady ? 'ok' : 'bad'}`}>
      <svg viewBox={`0 0 300 ${height}`} role="group" aria-label={`${name}: ${state}, ${aboard.length} ${t('pods')}`}>
        <path
          class="shell"
          d={`M24 ${deckHeight + 18} q4 -${deckHeight + 12} 60 -${deckHeight + 12} h132 q56 0 60 ${deckHeight + 12} z`}
        />
        <path class="head" d={`M272 ${deckHeight + 20} q0 -22 18 -24 q8 1 6 9 q-8 -2 -8 6 q-1 9 -16 9z`} />
        <path class="hull" d={`M10 ${deckHeight + 18} h280 l-24 28 h-230 z`} />
        {Array.from({ length: 7 }, (_, index) => (
          <line
            key={index}
            class="oar"
            x1={62 + index * 30}
            y1={deckHeight + 32}
            x2={50 + index * 30}
            y2={deckHeight + 52}
          />
        ))}
        <path
          class="wave"
          d={`M0 ${deckHeight + 52} ${Array.from({ length: 10 }, () => 'q7.5 -7 15 0 t15 0').join(' ')}`}
        />
        {shown.map(({ name: pod, namespace, status }, index) => {
          const inRow = Math.min(perRow, shown.length - Math.floor(index / perRow) * perRow);
          const x = 150 - (inRow * 16) / 2 + (index % perRow) * 16;
          const y = deckHeight - 2 - Math.floor(index / perRow) * 16;
          return (
            <a
              key={`${namespace}/${pod}`}
              href={objectRoute(pods, namespace, pod)}
              aria-label={`${namespace}/${pod}: ${status}`}
            >
              <title>{`${namespace}/${pod}: ${status}`}</title>
              <path
                class={`pod ${healthOf(status)}`}
                d={`M${x + 1} ${y + 3.5} l6 -3.500 l6 3.500 v7 l-6 3.500 l-6 -3.500 z`}
              />
            </a>
          );
        })}
      </svg>
      <figcaption>
        <a href={objectRoute({ group: '', plural: 'nodes' }, undefined, name)}>{name}</a>
        <span class="hint">
          {state} · {aboard.length} / {node.status?.allocatable?.['pods'] ?? '?'} {t('pods')} ·{' '}
          {node.status?.allocatable?.['cpu'] ?? '?'} {t('cpu')}
        </span>
      </figcaption>
    </figure>
  );
}
