import type { Container, EphemeralContainer, Pod, Secret } from '@geobuk/api';
import { backOffDelay } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { EventRecorder } from '../events/event-recorder.js';
import { RuntimeError } from '../runtime/runtime.js';
import type { ContainerRuntime, ImageState } from '../runtime/runtime.js';
import { credentialsFor } from './pull-credentials.js';
import { Semaphore } from './semaphore.js';

export interface PulledImage {
  /** To create containers with. */
  readonly reference: string;
  readonly image: ImageState | undefined;
}

/** The image is not there and cannot be had now. The reason is what the container waits with. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: 'ErrImagePull' | 'ImagePullBackOff' | 'ErrImageNeverPull' | 'InvalidImageName';
  /** Not again before. */
  readonly retryAt: number;

  constructor(reason: ImageError['reason'], message: string, retryAt: number, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.retryAt = retryAt;
  }
}

export interface ImagePullerDeps {
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly parallelPulls: number;
}

interface Failure {
  readonly failures: number;
  readonly retryAt: number;
  readonly message: string;
}

const policy = { initialMs: 10_000, maxMs: 300_000 };
/** Names of pods that are long gone are not remembered. */
const rememberedFailures = 1024;

/** Kubernetes' default: Always for `latest` or no tag. */
export function pullPolicyOf({ imagePullPolicy, image = '' }: Container | EphemeralContainer): string {
  if (imagePullPolicy !== undefined) return imagePullPolicy;
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** Brings images onto the node by policy, with back-off. Follows: images.imageManager EnsureImageExists. */
export class ImagePuller {
  readonly #deps: ImagePullerDeps;
  readonly #pulls: Semaphore;
  readonly #failed = new Map<string, Failure>();

  constructor(deps: ImagePullerDeps) {
    this.#deps = deps;
    this.#pulls = new Semaphore(deps.parallelPulls);
  }

  /** @throws {ImageError} when the container cannot have it now. */
  async ensure(
    pod: Pod,
    container: Container | EphemeralContainer,
    runtime: ContainerRuntime,
    secrets: readonly Secret[],
    signal: AbortSignal,
  ): Promise<PulledImage> {
    const { image: name = '' } = container;
    const { events, clock } = this.#deps;
    const wanted = pullPolicyOf(container);
    const present = await this.#present(runtime, name, signal);
    if (present !== undefined && wanted !== 'Always') {
      events.pod(pod, 'Normal', 'Pulled', `Container image "${name}" already present on machine`, container.name);
      return { reference: present.id, image: present };
    }
    if (wanted === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      events.pod(pod, 'Warning', 'ErrImageNeverPull', message, container.name);
      throw new ImageError('ErrImageNeverPull', message, clock.now() + policy.initialMs);
    }
    const id = `${pod.metadata.uid}/${name}`;
    const failed = this.#failed.get(id);
    if (failed !== undefined && failed.retryAt > clock.now()) {
      events.pod(pod, 'Normal', 'BackOff', `Back-off pulling image "${name}"`, container.name);
      events.pod(pod, 'Warning', 'Failed', 'Error: ImagePullBackOff', container.name);
      throw new ImageError('ImagePullBackOff', backOffMessage(name, failed.message), failed.retryAt);
    }
    return this.#pull(pod, container, runtime, secrets, id, signal);
  }

  /** What to show while a container waits for the next try. */
  backOffMessage(pod: Pod, image: string): string | undefined {
    const failed = this.#failed.get(`${pod.metadata.uid}/${image}`);
    return failed === undefined ? undefined : backOffMessage(image, failed.message);
  }

  forget(uid: string): void {
    for (const id of this.#failed.keys()) if (id.startsWith(`${uid}/`)) this.#failed.delete(id);
  }

  async #present(runtime: ContainerRuntime, name: string, signal: AbortSignal): Promise<ImageState | undefined> {
    try {
      return await runtime.image(name, { signal });
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'InvalidImageName') throw this.#invalid(name, error);
      throw error;
    }
  }

  #invalid(name: string, error: RuntimeError): ImageError {
    const message = `Failed to apply default image tag "${name}": ${error.message}`;
    return new ImageError('InvalidImageName', message, this.#deps.clock.now() + policy.maxMs, { cause: error });
  }

  async #pull(
    pod: Pod,
    container: Container | EphemeralContainer,
    runtime: ContainerRuntime,
    secrets: readonly Secret[],
    id: string,
    signal: AbortSignal,
  ): Promise<PulledImage> {
    const { image: name = '' } = container;
    const { events, clock } = this.#deps;
    events.pod(pod, 'Normal', 'Pulling', `Pulling image "${name}"`, container.name);
    const askedAt = clock.now();
    try {
      using _turn = await this.#pulls.enter(signal);
      const beganAt = clock.now();
      const reference = await pullWithAny(runtime, name, credentialsFor(name, secrets), signal);
      const image = await runtime.image(reference, { signal });
      this.#failed.delete(id);
      const took = (ms: number): string => (ms < 1000 ? `${ms}ms` : `${ms / 1000}s`);
      const message =
        `Successfully pulled image "${name}" in ${took(clock.now() - beganAt)} ` +
        `(${took(clock.now() - askedAt)} including waiting). Image size: ${image?.sizeBytes ?? 0} bytes.`;
      events.pod(pod, 'Normal', 'Pulled', message, container.name);
      return { reference, image };
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code === 'Unavailable') throw error;
      if (error.code === 'InvalidImageName') throw this.#invalid(name, error);
      const failures = (this.#failed.get(id)?.failures ?? 0) + 1;
      const retryAt = clock.now() + backOffDelay(policy, failures);
      if (this.#failed.size >= rememberedFailures) this.#failed.clear();
      this.#failed.set(id, { failures, retryAt, message: error.message });
      events.pod(pod, 'Warning', 'Failed', `Failed to pull image "${name}": ${error.message}`, container.name);
      events.pod(pod, 'Warning', 'Failed', 'Error: ErrImagePull', container.name);
      throw new ImageError('ErrImagePull', error.message, retryAt, { cause: error });
    }
  }
}

const backOffMessage = (image: string, why: string): string =>
  `Back-off pulling image "${image}": ErrImagePull: ${why}`;

async function pullWithAny(
  runtime: ContainerRuntime,
  name: string,
  credentials: ReturnType<typeof credentialsFor>,
  signal: AbortSignal,
): Promise<string> {
  let last: unknown;
  for (const one of credentials.length === 0 ? [undefined] : credentials) {
    try {
      return await runtime.pullImage(name, one, { signal });
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'ImagePull') throw error;
      last = error;
    }
  }
  throw last;
}
