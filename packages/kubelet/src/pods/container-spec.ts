import type { Container, EphemeralContainer, Pod } from '@geobuk/api';
import type { ContainerSpec, ImageState, Mount } from '../runtime/runtime.js';
import { containerAnnotations } from './annotations.js';
import { containerHash } from './container-hash.js';
import { expand } from './environment/expansion.js';
import type { EnvEntry } from './environment/service-env.js';
import { containerResources } from './resources.js';
import { containerSecurity } from './security.js';

export interface ContainerFactsForSpec {
  readonly attempt: number;
  readonly crashDelayMs: number;
  readonly imageRef: string;
  readonly image: ImageState | undefined;
  readonly env: readonly EnvEntry[];
  readonly mounts: readonly Mount[];
  readonly devices: ContainerSpec['devices'];
  /** On the host; mounted where the container writes its last words. */
  readonly terminationLog: string;
  readonly nodeMemoryBytes: number;
  readonly seccompRoot: string;
  readonly targetContainerId: string | undefined;
}

const defaultTerminationLog = '/dev/termination-log';

/**
 * A container as the runtime wants it.
 * Follows: generateContainerConfig.
 * @throws {SecurityError} when it may not run as it asks to.
 */
export function containerSpec(
  pod: Pod,
  spec: Container | EphemeralContainer,
  facts: ContainerFactsForSpec,
): ContainerSpec {
  const container = spec as Container;
  const variables = new Map(facts.env.map(({ name, value }) => [name, value]));
  const expanded = (texts: readonly string[] = []): readonly string[] =>
    texts.map((text) => expand(text, (name) => variables.get(name)));
  const terminationPath = container.terminationMessagePath ?? defaultTerminationLog;
  const lastWords: Mount = {
    hostPath: facts.terminationLog,
    containerPath: terminationPath,
    readonly: false,
    propagation: 'None',
  };
  const tty = container.tty === true;
  return {
    name: container.name,
    attempt: facts.attempt,
    imageRef: facts.imageRef,
    image: container.image ?? '',
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? '',
    env: facts.env,
    mounts: terminationPath === '' ? facts.mounts : [...facts.mounts, lastWords],
    devices: facts.devices,
    labels: {},
    annotations: {
      [containerAnnotations.hash]: containerHash(container),
      [containerAnnotations.terminationMessagePath]: facts.terminationLog,
      [containerAnnotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
      [containerAnnotations.podGracePeriod]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
      [containerAnnotations.crashDelay]: String(facts.crashDelayMs),
    },
    logPath: `${container.name}/${facts.attempt}.log`,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty,
    resources: containerResources(pod, container, facts.nodeMemoryBytes),
    security: containerSecurity(pod, container, facts.image, facts.seccompRoot, facts.targetContainerId),
  };
}
