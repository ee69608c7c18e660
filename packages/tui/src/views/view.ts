import type { KubernetesObject, LabelSelector, ResourceType } from '@geobuk/api';
import type { Threshold } from '../config/k9s-config.js';
import type { Health, PaintName } from '../screen/paint.js';
import type { ColumnShape } from '../table/row.js';

/** A column of our own: where the text and, if need be, the value to sort by come from. */
export interface Column<T extends KubernetesObject> extends ColumnShape {
  readonly cell: (object: T, facts: LiveFacts) => string;
  readonly value?: ((object: T, facts: LiveFacts) => number | undefined) | undefined;
  readonly paint?: ((object: T, facts: LiveFacts) => PaintName | undefined) | undefined;
}

/** What is known of objects from elsewhere: usage from the metrics API, by `namespace/name` or name. */
export interface LiveFacts {
  usage(key: string): Usage | undefined;
  /** Names of pods with an open port-forward. */
  isForwarded(key: string): boolean;
  /** Pods on a node; undefined when not counted. */
  podsOnNode(name: string): number | undefined;
  /** What stands behind a namespace's name: `(*)` in use, `+` a favourite. */
  namespaceMark(name: string): string;
  /** From which percentage on usage is coloured. */
  readonly thresholds: { readonly cpu: Threshold; readonly memory: Threshold };
}

export interface Usage {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

export const noFacts: LiveFacts = {
  usage: () => undefined,
  isForwarded: () => false,
  podsOnNode: () => undefined,
  namespaceMark: () => '',
  thresholds: { cpu: { warn: 70, critical: 90 }, memory: { warn: 70, critical: 90 } },
};

/** Which pods belong to an object. */
export type PodChoice =
  | { readonly by: 'name' }
  | { readonly by: 'selector'; readonly selector: LabelSelector }
  | { readonly by: 'labels'; readonly labels: Readonly<Record<string, string>> }
  | { readonly by: 'node' };

/**
 * What can be done with objects of a kind, apart from what any object allows. A capability that is there gives the
 * kind its keys, in every view and for CRDs alike.
 */
export interface Capabilities<T extends KubernetesObject> {
  /** Pods of it: for Enter, logs, port-forward. Undefined: it has none (an ExternalName service). */
  readonly pods?: ((object: T) => PodChoice | undefined) | undefined;
  readonly loggable?: boolean | undefined;
  readonly shellable?: boolean | undefined;
  readonly forwardable?: boolean | undefined;
  readonly scalable?: boolean | undefined;
  readonly restartable?: boolean | undefined;
  readonly suspendable?: boolean | undefined;
  readonly triggerable?: boolean | undefined;
  readonly cordonable?: boolean | undefined;
  readonly decodable?: boolean | undefined;
  readonly killable?: boolean | undefined;
  /** Whether its containers can be given other images. */
  readonly hasImages?: boolean | undefined;
  readonly explainable?: boolean | undefined;
}

/** Where Enter leads. */
export type Opens =
  'describe' | 'pods' | 'containers' | 'jobs' | 'namespace' | 'customResources' | 'rules' | 'addon' | 'context';

/** One kind's table: data and verbs; no terminal, no request, no colour. NAMESPACE, NAME and AGE come from the frame. */
export interface ViewDefinition<T extends KubernetesObject> {
  readonly resource: ResourceType<T>;
  readonly columns: readonly Column<T>[];
  readonly health?: ((object: T) => Health) | undefined;
  /** Why it is not well; '' when it is. Filtered by faults. */
  readonly problem?: ((object: T) => string) | undefined;
  readonly opens?: Opens | undefined;
  readonly capabilities?: Capabilities<T> | undefined;
  /** AGE only in the wide table: the kind has better times of its own. */
  readonly ageIsWide?: boolean | undefined;
  /** Column to sort by at first, and which way. */
  readonly sort?: { readonly title: string; readonly descending?: boolean | undefined } | undefined;
  /** The object without what the table never shows; it is kept once for every row. */
  readonly slim?: ((object: T) => T) | undefined;
  /** Whether columns ask how many pods a node carries. */
  readonly countsPods?: boolean | undefined;
  /** Whether columns use {@link LiveFacts}, so rows are made again when those change. */
  readonly live?: boolean | undefined;
}

/** A definition whose object type nobody needs to know any more. */
export type AnyView = ViewDefinition<KubernetesObject>;

export const tableView = <T extends KubernetesObject>(definition: ViewDefinition<T>): AnyView =>
  definition as unknown as AnyView;
