import type { Condition, Event as ClusterEvent, Pod } from '@geobuk/api';
import { useMemo } from 'preact/hooks';
import type { Kind } from '../api/kinds.js';
import { findKind, pathOf } from '../api/kinds.js';
import { useObjects } from '../api/use-objects.js';
import type { Finding, PodEvent } from '../explain/explain-pod.js';
import { explainPod } from '../explain/explain-pod.js';
import { findingText } from '../explain/finding-text.js';
import type { AnyObject, RelationQuery } from '../relations/relations.js';
import { mentionsOf, relationsOf } from '../relations/relations.js';
import { useShared } from '../state/context.js';
import { objectRoute } from '../state/route.js';
import { useNow } from '../state/use-now.js';
import { ageOf } from '../table/age.js';
import { useTable } from '../table/use-table.js';
import { Badge } from '../views/health.js';
import { Notice } from '../views/notice.js';

/** Why it is as it is: findings, conditions in words, what belongs to it, what has happened to it. */
export function ObjectOverview({ kind, object }: { readonly kind: Kind; readonly object: AnyObject }) {
  const { t, kinds } = useShared();
  const now = useNow();
  const events = useEventsOf(object);
  const created = Date.parse(object.metadata.creationTimestamp ?? '');
  const conditions = (object.status?.['conditions'] ?? []) as readonly Condition[];
  const owners = object.metadata.ownerReferences ?? [];
  const mentions = useMemo(() => mentionsOf(object), [object]);
  const relations = useMemo(() => relationsOf(object), [object]);
  const isPod = kind.group === '' && kind.plural === 'pods';
  return (
    <div class="columns">
      <div>
        {isPod && <WhyPanel pod={object as unknown as Pod} events={events.list} />}
        {isPod && <Containers pod={object as unknown as Pod} />}
        {relations.map((relation) => (
          <RelatedTable key={`${relation.plural}${relation.query}`} relation={relation} object={object} />
        ))}
        <div class="card">
          <h2>{t('events')}</h2>
          <Notice error={events.error} />
          <EventList events={events.list} now={now} />
        </div>
      </div>
      <aside>
        <div class="card">
          <dl>
            <dt>{t('created')}</dt>
            <dd title={object.metadata.creationTimestamp}>{Number.isNaN(created) ? '–' : ageOf(created, now)}</dd>
            {facts(object).map(([name, value]) => (
              <>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </>
            ))}
          </dl>
        </div>
        {conditions.length > 0 && (
          <div class="card">
            <h2>{t('conditions')}</h2>
            <ul class="plain">
              {conditions.map(({ type, status, reason, message }) => (
                <li key={type}>
                  <Badge word={type} health={conditionHealth(type, status)} /> <strong>{status}</strong>
                  <div class="hint">
                    {[reason, message].filter((part) => part !== undefined && part !== '').join(': ')}
                  </div>
                </li>
              ))}
            </ul>
          </div>
        )}
        {(owners.length > 0 || mentions.length > 0) && (
          <div class="card">
            <h2>{t('related')}</h2>
            <ul class="plain">
              {[...owners, ...mentions].map(({ apiVersion, kind: name, name: objectName }) => {
                const target = findKind(kinds, apiVersion, name);
                return (
                  <li key={`${name}/${objectName}`}>
                    <span class="hint">{name} </span>
                    {target === undefined ? (
                      objectName
                    ) : (
                      <a
                        href={objectRoute(
                          target,
                          target.namespaced ? object.metadata.namespace : undefined,
                          objectName,
                        )}
                      >
                        {objectName}
                      </a>
                    )}
                  </li>
                );
              })}
            </ul>
          </div>
        )}
        <Pairs title={t('labels')} pairs={object.metadata.labels} />
        <Pairs title={t('annotations')} pairs={object.metadata.annotations} />
      </aside>
    </div>
  );
}

const conditionHealth = (type: string, status: string) => {
  const isBadThing = /Pressure|Failure|Unavailable|Failed|Disruption/.test(type);
  if (status === 'Unknown') return 'waiting';
  return (status === 'True') !== isBadThing ? 'ok' : isBadThing ? 'bad' : 'waiting';
};

/** The few fields that people look for first. */
function facts({ kind, spec = {}, status = {} }: AnyObject): readonly (readonly [string, string])[] {
  const text = (value: unknown): string =>
    value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const wanted: Readonly<Record<string, readonly (readonly [string, unknown])[]>> = {
    Pod: [
      ['Phase', status['phase']],
      ['IP', status['podIP']],
      ['QoS', status['qosClass']],
      ['Restart policy', spec['restartPolicy']],
    ],
    Deployment: [
      ['Ready', `${text(status['readyReplicas'] ?? 0)} / ${text(spec['replicas'])}`],
      ['Updated', status['updatedReplicas'] ?? 0],
    ],
    StatefulSet: [['Ready', `${text(status['readyReplicas'] ?? 0)} / ${text(spec['replicas'])}`]],
    DaemonSet: [['Ready', `${text(status['numberReady'] ?? 0)} / ${text(status['desiredNumberScheduled'])}`]],
    Service: [
      ['Type', spec['type']],
      ['Cluster IP', spec['clusterIP']],
    ],
    Node: [
      ['Version', (status['nodeInfo'] as { kubeletVersion?: string } | undefined)?.kubeletVersion],
      ['OS', (status['nodeInfo'] as { osImage?: string } | undefined)?.osImage],
      ['CPU', (status['allocatable'] as { cpu?: string } | undefined)?.cpu],
      ['Memory', (status['allocatable'] as { memory?: string } | undefined)?.memory],
      ['Pods', (status['allocatable'] as { pods?: string } | undefined)?.pods],
    ],
  };
  return (wanted[kind ?? ''] ?? [['Phase', status['phase']]])
    .map(([name, value]) => [name, text(value)] as const)
    .filter(([, value]) => value !== '');
}

function Pairs({
  title,
  pairs = {},
}: {
  readonly title: string;
  readonly pairs?: Readonly<Record<string, string>> | undefined;
}) {
  const entries = Object.entries(pairs);
  if (entries.length === 0) return null;
  return (
    <div class="card">
      <h2>{title}</h2>
      <ul class="pairs">
        {entries.map(([key, value]) => (
          <li key={key} title={value}>
            <span class="hint">{key}</span> {value.length > 120 ? `${value.slice(0, 120)}…` : value}
          </li>
        ))}
      </ul>
    </div>
  );
}

function WhyPanel({ pod, events }: { readonly pod: Pod; readonly events: readonly PodEvent[] }) {
  const { t } = useShared();
  const findings = useMemo(() => explainPod(pod, events, Date.now()), [pod, events]);
  const isWell = findings.every(({ severity }) => severity === 'fine');
  return (
    <div class={`card why ${findings[0]?.severity ?? 'fine'}`} data-why>
      <h2>{isWell ? t('state') : t('whyNot')}</h2>
      <ul class="plain">
        {findings.map((finding) => (
          <WhyLine key={`${finding.code}${finding.values['container'] ?? ''}`} finding={finding} />
        ))}
      </ul>
    </div>
  );
}

function WhyLine({ finding }: { readonly finding: Finding }) {
  const { t } = useShared();
  return (
    <li>
      <p>{findingText(finding, t)}</p>
      {finding.evidence !== undefined && finding.evidence !== '' && (
        <blockquote>
          <span class="hint">{t('whatTheClusterSaid')}</span>
          {finding.evidence}
        </blockquote>
      )}
    </li>
  );
}

function Containers({ pod }: { readonly pod: Pod }) {
  const { t } = useShared();
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const specs = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  return (
    <div class="card">
      <h2>{t('containers')}</h2>
      <table class="small">
        <thead>
          <tr>
            <th scope="col">{t('container')}</th>
            <th scope="col">{t('image')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col">{t('restarts')}</th>
          </tr>
        </thead>
        <tbody>
          {specs.map(({ name, image }) => {
            const status = statuses.find((each) => each.name === name);
            const { waiting, running, terminated } = status?.state ?? {};
            const word =
              running !== undefined
                ? status?.ready === true
                  ? 'Running'
                  : 'NotReady'
                : (terminated?.reason ?? waiting?.reason ?? 'Waiting');
            return (
              <tr key={name}>
                <td>{name}</td>
                <td class="mono">{image}</td>
                <td>
                  <Badge word={word} />
                </td>
                <td class="number">{status?.restartCount ?? 0}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function RelatedTable({ relation, object }: { readonly relation: RelationQuery; readonly object: AnyObject }) {
  const { kinds } = useShared();
  const now = useNow();
  const kind = kinds.find(({ group, plural }) => group === relation.group && plural === relation.plural);
  const { namespace, uid } = object.metadata;
  const namespaces = useMemo(() => (namespace === undefined ? [] : [namespace]), [namespace]);
  const live = useTable(relation.ownedOnly ? undefined : kind, namespaces, relation.query);
  const owned = useObjects<AnyObject>(
    relation.ownedOnly && kind !== undefined ? pathOf(kind, namespace) : undefined,
    relation.query,
  );
  if (kind === undefined) return null;
  const status = live.columns.findIndex(({ name }) => name === 'Status');
  const rows = relation.ownedOnly
    ? owned.items
        .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) === true)
        .map(({ metadata, status: is }) => ({
          name: metadata.name,
          namespace: metadata.namespace,
          createdAt: Date.parse(metadata.creationTimestamp ?? ''),
          word: typeof is?.['phase'] === 'string' ? is['phase'] : '',
        }))
    : live.rows.map((row) => ({ ...row, word: status < 0 ? '' : String(row.cells[status] ?? '') }));
  if (rows.length === 0) return null;
  return (
    <div class="card">
      <h2>
        {kind.kind} <span class="count">{rows.length}</span>
      </h2>
      <table class="small">
        <tbody>
          {rows.slice(0, 200).map(({ name, namespace: where, createdAt, word }) => (
            <tr key={`${where ?? ''}/${name}`}>
              <td>
                <a href={objectRoute(kind, where, name)}>{name}</a>
              </td>
              <td>{word === '' ? '' : <Badge word={word} />}</td>
              <td class="number">{ageOf(createdAt, now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Events about an object, oldest first. */
function useEventsOf({ metadata, kind = '' }: AnyObject): {
  readonly list: readonly PodEvent[];
  readonly error: Error | undefined;
} {
  const namespace = metadata.namespace ?? 'default';
  const selector = `involvedObject.name=${metadata.name},involvedObject.kind=${kind}`;
  const { items, error } = useObjects<ClusterEvent & AnyObject>(
    `/k8s/api/v1/namespaces/${namespace}/events`,
    `fieldSelector=${encodeURIComponent(selector)}`,
  );
  const list = useMemo(() => items.map(eventOf).sort((a, b) => a.at - b.at), [items]);
  return { list, error };
}

export function eventOf(event: ClusterEvent & AnyObject): PodEvent {
  const { type = 'Normal', reason = '', message = '', count, lastTimestamp, eventTime, series, metadata } = event;
  const at = Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '');
  return { type, reason, message, count: series?.count ?? count ?? 1, at: Number.isNaN(at) ? 0 : at };
}

export function EventList({ events, now }: { readonly events: readonly PodEvent[]; readonly now: number }) {
  const { t } = useShared();
  if (events.length === 0) return <p class="hint">{t('noEvents')}</p>;
  return (
    <ol class="events">
      {events.map(({ type, reason, message, count, at }, index) => (
        <li key={index} class={type === 'Warning' ? 'warning' : ''}>
          <time>{ageOf(at, now)}</time>
          <span>
            <strong>{reason}</strong>
            {count > 1 && <span class="count">×{count}</span>} {message}
          </span>
        </li>
      ))}
    </ol>
  );
}
