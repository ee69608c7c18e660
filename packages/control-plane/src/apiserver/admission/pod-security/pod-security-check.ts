import type { Container, ObjectMeta, Pod } from '@geobuk/api';

/** A pod, or the template of many. */
export interface CheckedPod {
  readonly metadata: Pick<ObjectMeta, 'annotations'>;
  readonly spec: Pod['spec'];
}

/** What is not allowed, and where. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export type Check = (pod: CheckedPod) => Violation | undefined;

/** Every container, in the order in which messages name them. */
export const containersOf = ({ spec }: CheckedPod): readonly Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...((spec.ephemeralContainers ?? []) as unknown as readonly Container[]),
];

export const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');

/** `container "a"` or `containers "a", "b"`. */
export const named = (what: string, names: readonly string[]): string =>
  `${what}${names.length === 1 ? '' : 's'} ${quoted(names)}`;

/** `pod`, `container "a"`, `pod and container "a"`. */
export function setters(podDoes: boolean, containers: readonly string[]): string {
  if (containers.length === 0) return 'pod';
  return `${podDoes ? 'pod and ' : ''}${named('container', containers)}`;
}

export const violation = (reason: string, detail: string): Violation => ({ reason, detail });
