import type { KubernetesObject, Pod, ResourceType } from '@geobuk/api';
import { matchesLabels, labelSelectorOf } from '@geobuk/api';
import type { LabelSelector } from '@geobuk/api';
import type { Health } from '../screen/paint.js';
import { containerState } from '../views/container-state.js';
import { podHealth, podStatus } from '../views/pod-status.js';
import { viewOf } from '../views/registry.js';
import { relationsOfPod } from './relations.js';

/** One branch of the tree. */
export interface XrayNode {
  readonly id: string;
  readonly depth: number;
  readonly label: string;
  readonly note: string;
  readonly health: Health;
  /** What Enter opens: resource, namespace, name. */
  readonly target?:
    { readonly plural: string; readonly namespace: string | undefined; readonly name: string } | undefined;
}

/** What the tree is grown from. */
export interface XrayInput {
  readonly type: ResourceType;
  readonly roots: readonly KubernetesObject[];
  readonly pods: readonly Pod[];
  /** Whether something a pod refers to is there; undefined: nobody knows. */
  readonly exists: (plural: string, namespace: string | undefined, name: string) => boolean | undefined;
}

interface Selecting {
  readonly spec?: { readonly selector?: LabelSelector | Readonly<Record<string, string>> };
}

/** The pods of a root: itself, those it owns through others by its selector, or those a service selects. */
function podsOf({ type, pods }: XrayInput, root: KubernetesObject): readonly Pod[] {
  if (type.plural === 'pods') return pods.filter(({ metadata }) => metadata.uid === root.metadata.uid);
  const { selector } = (root as Selecting).spec ?? {};
  if (selector === undefined) return [];
  const requirements = labelSelectorOf(
    type.plural === 'services'
      ? { matchLabels: selector as Readonly<Record<string, string>> }
      : (selector as LabelSelector),
  );
  return pods.filter(
    ({ metadata }) =>
      metadata.namespace === root.metadata.namespace && matchesLabels(requirements, metadata.labels ?? {}),
  );
}

/** Pure: namespace → root → pod → containers and what the pod refers to; what is missing stands out. */
export function xrayTree(input: XrayInput): readonly XrayNode[] {
  const { type, roots } = input;
  const nodes: XrayNode[] = [];
  const namespaces = [...new Set(roots.map(({ metadata }) => metadata.namespace ?? ''))].sort();
  for (const namespace of namespaces) {
    const here = roots.filter(({ metadata }) => (metadata.namespace ?? '') === namespace);
    nodes.push({
      id: `ns/${namespace}`,
      depth: 0,
      label: namespace,
      note: `${here.length} ${type.plural}`,
      health: 'ok',
    });
    for (const root of here.sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))) {
      const { name = '', uid = '' } = root.metadata;
      if (type.plural !== 'pods') {
        const view = viewOf(type);
        nodes.push({
          id: uid,
          depth: 1,
          label: `${type.singular} ${name}`,
          note: view?.problem?.(root) ?? '',
          health: view?.health?.(root) ?? 'ok',
          target: { plural: type.plural, namespace, name },
        });
      }
      for (const pod of podsOf(input, root)) nodes.push(...podNodes(pod, type.plural === 'pods' ? 1 : 2, uid, input));
    }
  }
  return nodes;
}

function podNodes(pod: Pod, depth: number, parent: string, { exists }: XrayInput): readonly XrayNode[] {
  const { name = '', namespace, uid = '' } = pod.metadata;
  const id = `${parent}/${uid}`;
  const nodes: XrayNode[] = [
    {
      id,
      depth,
      label: `pod ${name}`,
      note: podStatus(pod),
      health: podHealth(pod),
      target: { plural: 'pods', namespace, name },
    },
  ];
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    const { word, health } = containerState(statuses.find((status) => status.name === container.name));
    nodes.push({
      id: `${id}/c/${container.name}`,
      depth: depth + 1,
      label: `container ${container.name}`,
      note: `${word} ${container.image ?? ''}`,
      health,
    });
  }
  for (const { plural, name: wanted, why, optional } of relationsOfPod(pod)) {
    if (plural === 'nodes') continue;
    const there = exists(plural, namespace, wanted);
    const missing = there === false && !optional;
    nodes.push({
      id: `${id}/${plural}/${wanted}`,
      depth: depth + 1,
      label: `${plural.replace(/s$/, '')} ${wanted}`,
      note: there === false ? `${why}: not there` : why,
      health: missing ? 'error' : 'ok',
      target: { plural, namespace: plural === 'priorityclasses' ? undefined : namespace, name: wanted },
    });
  }
  return nodes;
}
