import type { Command } from 'commander';
import type { Deployment, Event, KubernetesObject, Node, Pod, ResourceType, Service } from '@geobuk/api';
import { ageOf, endpointSlices, events, isForbidden, pods, replicaSets } from '@geobuk/api';
import { forEachTelling } from '../apply.js';
import type { KubectlIo } from '../io.js';
import { selectorOf } from '../pod-of.js';
import { parseTargets } from '../resource-args.js';
import { listAll } from '../selected-objects.js';
import type { Session } from '../session.js';
import type { Flags } from '../verb.js';
import { addVerb } from '../verb.js';
import { describeAny } from './describe-any.js';
import { describeNode } from './describe-node.js';
import { describePod } from './describe-pod.js';
import { describeDeployment, describeService } from './describe-workload.js';
import { elasticTabs } from './elastic-tabs.js';

/** Follows: kubectl describe. */
export function addDescribe(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'describe', 'show objects in detail, with their events', io, describe)
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'by labels')
    .option('--show-events [bool]', 'events too', 'true');
}

async function describe(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const targets = await parseTargets(session, args);
  const found: { readonly type: ResourceType; readonly object: KubernetesObject }[] = [];
  if (targets.kind === 'named') {
    await forEachTelling(session, targets.objects, async ({ type, key }) => {
      found.push({ type, object: await session.client.read(type, key, { signal: session.signal }) });
    });
  } else {
    for (const type of targets.types)
      for (const object of await listAll(session, type, flags)) found.push({ type, object });
    if (found.length === 0) session.note(`No resources found in ${session.namespace} namespace.`);
  }
  let first = true;
  for (const { type, object } of found) {
    const body = await bodyOf(session, type, object);
    const told =
      flags['showEvents'] === 'false' ? '' : `\n${eventsText(await eventsOf(session, object), session.clock.now())}`;
    session.print(`${first ? '' : '\n\n'}${elasticTabs(`${body}${told}`)}`);
    first = false;
  }
}

async function bodyOf(session: Session, type: ResourceType, object: KubernetesObject): Promise<string> {
  const { client, signal, clock } = session;
  const { name = '', namespace } = object.metadata;
  switch (`${type.group}/${type.kind}`) {
    case '/Pod':
      return describePod(object as Pod);
    case '/Node': {
      const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${name}`, signal });
      return describeNode(object as Node, items, clock.now());
    }
    case 'apps/Deployment': {
      const { items } = await client.list(replicaSets, { namespace, labelSelector: selectorOf(object), signal });
      const { uid } = object.metadata;
      const owned = items.filter(
        ({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) === true,
      );
      return describeDeployment(object as Deployment, owned);
    }
    case '/Service': {
      const labelSelector = `kubernetes.io/service-name=${name}`;
      const { items } = await client.list(endpointSlices, { namespace, labelSelector, signal });
      return describeService(object as Service, items);
    }
    default:
      return describeAny(type, object);
  }
}

async function eventsOf({ client, signal }: Session, { metadata, kind }: KubernetesObject): Promise<readonly Event[]> {
  const { name = '', uid } = metadata;
  const terms = [`involvedObject.name=${name}`, ...(kind === undefined ? [] : [`involvedObject.kind=${kind}`])];
  // The kubelet tells of nodes by their name as uid.
  if (uid !== undefined && kind !== 'Node') terms.push(`involvedObject.uid=${uid}`);
  const options = { namespace: metadata.namespace, fieldSelector: terms.join(','), signal };
  const { items } = await client.list(events, options).catch((error: unknown) => {
    // Who may see an object need not be allowed to see its events.
    if (isForbidden(error)) return { items: [] as readonly Event[] };
    throw error;
  });
  return [...items].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
}

const timeOf = ({ lastTimestamp, eventTime, metadata }: Event): string =>
  lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';

export function eventsText(all: readonly Event[], now: number): string {
  if (all.length === 0) return 'Events:\t<none>';
  const rows = all.map((event) => {
    const { type = '', reason = '', message = '', count = 1, firstTimestamp, source, reportingComponent } = event;
    const last = ageOf(timeOf(event), now);
    const age = count > 1 ? `${last} (x${count} over ${ageOf(firstTimestamp ?? timeOf(event), now)})` : last;
    return [type, reason, age, source?.component ?? reportingComponent ?? '', message.trim()];
  });
  const lines = [['Type', 'Reason', 'Age', 'From', 'Message'], ['----', '------', '----', '----', '-------'], ...rows];
  return ['Events:', ...lines.map((cells) => `  ${cells.join('\t')}`)].join('\n');
}
