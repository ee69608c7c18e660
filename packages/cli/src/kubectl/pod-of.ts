import type { KubernetesObject, LabelSelector, Pod } from '@geobuk/api';
import { formatLabelSelector, labelSelectorOf, pods } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import type { NamedObject } from './resource-args.js';
import type { Session } from './session.js';

/** The pod that is meant: itself, or one of a workload or service. Ready ones first, then the oldest. */
export async function podFor(session: Session, { type, key }: NamedObject): Promise<Pod> {
  const { client, signal } = session;
  if (type.group === '' && type.plural === 'pods') return client.read(pods, key, { signal });
  const owner = await client.read(type, key, { signal });
  const labelSelector = selectorOf(owner);
  if (labelSelector === undefined)
    throw new CliError(`cannot find the pods of ${type.singular}/${key.name}: it selects none`);
  const { items } = await client.list(pods, { namespace: key.namespace, labelSelector, signal });
  const [best] = [...items].sort((a, b) => rank(a) - rank(b) || born(a) - born(b));
  if (best === undefined) throw new CliError(`no pods found for ${type.singular}/${key.name}`);
  return best;
}

/** A service selects by plain labels, a workload by a selector. */
export function selectorOf(owner: KubernetesObject): string | undefined {
  const { selector } = (owner as { readonly spec?: { readonly selector?: object } }).spec ?? {};
  if (selector === undefined || Object.keys(selector).length === 0) return undefined;
  const plain = !('matchLabels' in selector) && !('matchExpressions' in selector);
  return formatLabelSelector(labelSelectorOf((plain ? { matchLabels: selector } : selector) as LabelSelector));
}

const rank = ({ status, metadata }: Pod): number => {
  if (metadata.deletionTimestamp !== undefined) return 3;
  const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
  return ready ? 0 : status?.phase === 'Running' ? 1 : 2;
};

const born = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0;
