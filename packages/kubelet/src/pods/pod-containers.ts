import type { Container, EphemeralContainer, Pod } from '@geobuk/api';

export type ContainerKind = 'init' | 'sidecar' | 'main' | 'ephemeral';

export interface PodContainer {
  readonly kind: ContainerKind;
  readonly spec: Container | EphemeralContainer;
}

/** An init container that stays for the pod's life. Follows: sidecar containers (init with restartPolicy Always). */
export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** Init containers, sidecars among them, in the order of their start. */
export const initContainersOf = (pod: Pod): readonly PodContainer[] =>
  (pod.spec.initContainers ?? []).map((spec) => ({ kind: isSidecar(spec) ? 'sidecar' : 'init', spec }));

export const mainContainersOf = (pod: Pod): readonly PodContainer[] =>
  pod.spec.containers.map((spec) => ({ kind: 'main', spec }));

export const ephemeralContainersOf = (pod: Pod): readonly PodContainer[] =>
  (pod.spec.ephemeralContainers ?? []).map((spec) => ({ kind: 'ephemeral', spec }));

export const allContainersOf = (pod: Pod): readonly PodContainer[] => [
  ...initContainersOf(pod),
  ...mainContainersOf(pod),
  ...ephemeralContainersOf(pod),
];

export const containerOf = (pod: Pod, name: string): PodContainer | undefined =>
  allContainersOf(pod).find(({ spec }) => spec.name === name);

/** The path of a container in its pod's spec, as Events name it. Follows: fieldPath of a container reference. */
export function fieldPathOf(pod: Pod, name: string): string {
  const kind = containerOf(pod, name)?.kind ?? 'main';
  const list = kind === 'main' ? 'containers' : kind === 'ephemeral' ? 'ephemeralContainers' : 'initContainers';
  return `spec.${list}{${name}}`;
}

/** A pod whose containers have all ended for good; it never runs again. */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

export const restartPolicyOf = (pod: Pod): string => pod.spec.restartPolicy ?? 'Always';

/** Whether a container that ended with this code starts again. Follows: restartPolicy; sidecars always, ephemeral never. */
export function restarts(pod: Pod, { kind, spec }: PodContainer, exitCode: number): boolean {
  if (kind === 'ephemeral') return false;
  if (kind === 'sidecar') return true;
  const own = (spec as Container).restartPolicy;
  const policy = kind === 'main' ? (own ?? restartPolicyOf(pod)) : restartPolicyOf(pod);
  if (kind === 'init') return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}
