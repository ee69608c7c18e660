import type { FieldRequirements, LabelRequirements, Node, Pod } from '@geobuk/api';
import { ApiError, matchesFields, matchesLabels } from '@geobuk/api';
import type { Clock, Lister } from '@geobuk/client';
import type { SampleStore } from '../samples/sample-store.js';
import type { NodeMetrics, PodMetrics } from './metrics-objects.js';
import { metricsGroup, nodeMetrics, podMetrics } from './metrics-objects.js';

export interface MetricsCatalogueDeps {
  readonly nodeLister: Lister<Node>;
  readonly podLister: Lister<Pod>;
  readonly store: SampleStore;
  readonly clock: Clock;
}

export interface Selection {
  readonly labels: LabelRequirements;
  readonly fields: FieldRequirements;
}

interface Named {
  readonly metadata: {
    readonly name?: string | undefined;
    readonly namespace?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
  };
}

/**
 * The objects of metrics.k8s.io: what the cluster has, with what was measured of it. What has no numbers is left out
 * of lists and not found alone.
 */
export class MetricsCatalogue {
  readonly #deps: MetricsCatalogueDeps;

  constructor(deps: MetricsCatalogueDeps) {
    this.#deps = deps;
  }

  nodes(selection: Selection): readonly NodeMetrics[] {
    const { nodeLister, store, clock } = this.#deps;
    return sorted(nodeLister.list().filter((node) => isSelected(node, selection))).flatMap((node) => {
      const usage = store.node(node.metadata.name ?? '');
      return usage === undefined ? [] : [nodeMetrics(node, usage, clock.now())];
    });
  }

  /** @throws {ApiError} NotFound: no such node, or no numbers of it yet. */
  node(name: string): NodeMetrics {
    const { nodeLister, store, clock } = this.#deps;
    const node = nodeLister.get({ name });
    const usage = store.node(name);
    if (node === undefined || usage === undefined)
      throw ApiError.notFound({ group: metricsGroup, plural: 'nodes', kind: 'NodeMetrics' }, name);
    return nodeMetrics(node, usage, clock.now());
  }

  /** @param namespace absent: all of them. */
  pods(namespace: string | undefined, selection: Selection): readonly PodMetrics[] {
    const { podLister, store, clock } = this.#deps;
    return sorted(podLister.list(namespace).filter((pod) => isSelected(pod, selection))).flatMap((pod) => {
      const containers = store.pod(pod.metadata.namespace ?? '', pod.metadata.name ?? '');
      return containers === undefined ? [] : [podMetrics(pod, containers, clock.now())];
    });
  }

  /** @throws {ApiError} NotFound: no such pod, or not all of its containers are known yet. */
  pod(namespace: string, name: string): PodMetrics {
    const { podLister, store, clock } = this.#deps;
    const pod = podLister.get({ namespace, name });
    const containers = store.pod(namespace, name);
    if (pod === undefined || containers === undefined)
      throw ApiError.notFound({ group: metricsGroup, plural: 'pods', kind: 'PodMetrics' }, `${namespace}/${name}`);
    return podMetrics(pod, containers, clock.now());
  }
}

function isSelected({ metadata }: Named, { labels, fields }: Selection): boolean {
  if (!matchesLabels(labels, metadata.labels)) return false;
  return matchesFields(fields, (field) => {
    if (field === 'metadata.name') return metadata.name;
    return field === 'metadata.namespace' ? metadata.namespace : undefined;
  });
}

/** By namespace, then by name. */
function sorted<T extends Named>(objects: readonly T[]): readonly T[] {
  const text = ({ metadata: { namespace = '', name = '' } }: T): string => `${namespace}/${name}`;
  return objects
    .map((object) => ({ object, text: text(object) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ object }) => object);
}
