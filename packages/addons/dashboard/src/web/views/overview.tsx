import type { Event as ClusterEvent, Node } from '@geobuk/api';
import { useMemo } from 'preact/hooks';
import { useObjects } from '../api/use-objects.js';
import { EventList, eventOf } from '../object/object-overview.js';
import type { AnyObject } from '../relations/relations.js';
import { useShared } from '../state/context.js';
import { listRoute } from '../state/route.js';
import { useNow } from '../state/use-now.js';
import { useTable } from '../table/use-table.js';
import { Charts } from './charts.js';
import { Fleet } from './fleet.js';
import type { Health } from './health.js';
import { healthOf } from './health.js';
import { Notice } from './notice.js';
import { placePods } from './place-pods.js';

const hour = 3_600_000;

/** The cluster at a glance: how much of it is well, where everything runs, what has gone wrong. */
export function Overview() {
  const { t, kinds, namespaces, session } = useShared();
  const now = useNow(15_000);
  const podKind = kinds.find(({ group, plural }) => group === '' && plural === 'pods');
  const pods = useTable(podKind, namespaces);
  const nodes = useObjects<Node & AnyObject>('/k8s/api/v1/nodes');
  const events = useObjects<ClusterEvent & AnyObject>('/k8s/api/v1/events', 'fieldSelector=type%3DWarning&limit=500');
  const placed = useMemo(() => placePods(pods.columns, pods.rows), [pods.columns, pods.rows]);
  const counts = useMemo(() => {
    const all: Record<Health, number> = { ok: 0, waiting: 0, bad: 0, neutral: 0 };
    for (const { status } of placed) all[healthOf(status)] += 1;
    return all;
  }, [placed]);
  const warnings = useMemo(
    () =>
      events.items
        .map(eventOf)
        .filter(({ at }) => now - at < hour)
        .sort((a, b) => b.at - a.at)
        .slice(0, 30),
    [events.items, now],
  );
  const isReady = ({ status }: Node): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
  const ready = nodes.items.filter(isReady).length;
  return (
    <section class="page overview">
      <header>
        <h1>{t('overview')}</h1>
        <span class="hint">
          {session.cluster.version} · {session.cluster.id}
        </span>
      </header>
      <Notice error={nodes.error ?? pods.error} />
      <div class="tiles">
        <a class="card tile" href={listRoute({ group: '', plural: 'nodes' })}>
          <strong>
            {ready}
            <small> / {nodes.items.length}</small>
          </strong>
          {t('nodesReady')}
        </a>
        <a class="card tile wide" href={listRoute({ group: '', plural: 'pods' })}>
          <strong>
            {placed.length}
            <small> {t('pods')}</small>
          </strong>
          <Shares counts={counts} />
        </a>
        <a class="card tile" href="#/addons">
          <AddonCounts />
        </a>
      </div>
      <div class="card">
        <h2>{t('fleet')}</h2>
        <p class="hint">{t('fleetHint')}</p>
        <Fleet nodes={nodes.items} pods={placed} />
      </div>
      <Charts nodes={nodes.items} />
      <div class="card">
        <h2>{t('warnings')}</h2>
        {warnings.length === 0 ? <p class="hint">{t('noWarnings')}</p> : <EventList events={warnings} now={now} />}
      </div>
    </section>
  );
}

function Shares({ counts }: { readonly counts: Readonly<Record<Health, number>> }) {
  const { t } = useShared();
  const parts = [
    ['ok', t('running')],
    ['waiting', t('pending')],
    ['bad', t('failed')],
    ['neutral', t('succeeded')],
  ] as const;
  return (
    <>
      <div class="shares" aria-hidden="true">
        {parts.map(([health]) => (
          <span key={health} class={health} style={{ flexGrow: counts[health] }} />
        ))}
      </div>
      <div class="legend">
        {parts.map(([health, label]) => (
          <span key={health} class={health}>
            {label} <b>{counts[health]}</b>
          </span>
        ))}
      </div>
    </>
  );
}

function AddonCounts() {
  const { t } = useShared();
  const { items } = useObjects<AnyObject>('/k8s/apis/addons.geobuk.dev/v1alpha1/addons');
  const enabled = items.filter(({ spec }) => spec?.['enabled'] === true);
  const ready = enabled.filter(({ status }) => status?.['phase'] === 'Ready');
  return (
    <>
      <strong>
        {ready.length}
        <small> / {enabled.length}</small>
      </strong>
      {t('addons')} · {t('ready')}
    </>
  );
}
