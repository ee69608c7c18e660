import type { Container, Pod, Secret, Service } from '@geobuk/api';
import { configMaps, secrets } from '@geobuk/api';
import type { ConfigMap } from '@geobuk/api';
import { backOffDelay } from '@geobuk/client';
import type { Clock, Lister } from '@geobuk/client';
import type { EventRecorder } from '../../events/event-recorder.js';
import type { NodeFacts } from '../../node/node-facts.js';
import { RuntimeError } from '../../runtime/runtime.js';
import type { ContainerRuntime, Mount, PodState, SandboxSpec } from '../../runtime/runtime.js';
import { MountError, containerDevices, containerMounts } from '../../volumes/container-mounts.js';
import type { MountedVolumes } from '../../volumes/volume-manager.js';
import { containerSpec } from '../container-spec.js';
import { EnvError, containerEnv } from '../environment/container-env.js';
import type { EnvSources } from '../environment/container-env.js';
import { FieldRefError } from '../environment/field-ref.js';
import { domainOf, hostnameOf, hostsFile } from '../environment/hosts-file.js';
import { serviceEnvironment } from '../environment/service-env.js';
import type { EnvEntry } from '../environment/service-env.js';
import { ImageError } from '../image-puller.js';
import type { ImagePuller, PulledImage } from '../image-puller.js';
import { runHook } from '../lifecycle-hook.js';
import type { PodDirectories } from '../pod-directories.js';
import type { PodStep } from '../pod-diff.js';
import type { PodMemory } from '../pod-memory.js';
import { referencesOf } from '../pod-references.js';
import type { ReferencedObjects } from '../referenced-objects.js';
import { SecurityError } from '../security.js';

export interface StartContainerDeps {
  readonly puller: ImagePuller;
  readonly objects: ReferencedObjects;
  readonly serviceLister: Lister<Service>;
  readonly directories: PodDirectories;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly node: () => NodeFacts;
  readonly clusterDomain: string;
  readonly seccompRoot: string;
  readonly nodeHosts: () => Promise<string>;
  /** Instead of Services: host pods talk to the API server itself, before any Service works. */
  readonly hostPodEnv: readonly EnvEntry[];
}

/** What a start is made from. */
export interface StartContext {
  readonly pod: Pod;
  readonly state: PodState | undefined;
  readonly runtime: ContainerRuntime;
  readonly isHostPod: boolean;
  readonly volumes: MountedVolumes;
  readonly sandboxSpec: SandboxSpec;
  readonly memory: PodMemory;
}

type StartStep = Extract<PodStep, { kind: 'startContainer' }>;

const retry = { initialMs: 10_000, maxMs: 300_000 };
const configRetryMs = 10_000;
const postStartTimeoutMs = 600_000;

const isConfigError = (error: unknown): error is Error =>
  error instanceof EnvError ||
  error instanceof SecurityError ||
  error instanceof MountError ||
  error instanceof FieldRefError;

/**
 * Pulls the image, makes the container, starts it and runs its postStart hook. What stands against it is remembered as
 * the container's trouble, so that the pod's other containers get their turn.
 * Follows: startContainer of the kubelet, its reasons and events.
 */
export class StartContainer {
  readonly #deps: StartContainerDeps;

  constructor(deps: StartContainerDeps) {
    this.#deps = deps;
  }

  /** @throws {RuntimeError} Unavailable, and whatever is no fault of the container. */
  async carryOut(step: StartStep, context: StartContext, signal: AbortSignal): Promise<void> {
    const { pod, memory } = context;
    const container = step.container.spec as Container;
    const { events, clock } = this.#deps;
    const { name } = container;
    const refused = (reason: string, message: string, waitsForObjects = false): void => {
      events.pod(pod, 'Warning', 'Failed', `Error: ${message}`, name);
      const failures = (memory.failedStarts.get(name)?.failures ?? 0) + 1;
      const delay = waitsForObjects ? configRetryMs : backOffDelay(retry, failures);
      memory.failed(name, { reason, message }, clock.now(), clock.now() + delay, waitsForObjects);
    };

    let id: string;
    try {
      const image = await this.#image(container, context, signal);
      if (image === undefined) return;
      id = await this.#create(step, container, image, context, signal);
    } catch (error) {
      if (isConfigError(error)) return refused('CreateContainerConfigError', error.message, true);
      if (isFaultOfContainer(error)) return refused('CreateContainerError', error.message);
      throw error;
    }
    events.pod(pod, 'Normal', 'Created', `Created container: ${name}`, name);
    try {
      await context.runtime.startContainer(id, { signal });
    } catch (error) {
      if (isFaultOfContainer(error)) return refused('RunContainerError', error.message);
      throw error;
    }
    memory.failedStarts.delete(name);
    memory.applied.set(id, container.resources ?? {});
    events.pod(pod, 'Normal', 'Started', `Started container ${name}`, name);
    await this.#postStart(id, container, context, signal);
  }

  async #image(
    container: Container,
    { pod, runtime, memory }: StartContext,
    signal: AbortSignal,
  ): Promise<PulledImage | undefined> {
    const { objects, puller } = this.#deps;
    const namespace = pod.metadata.namespace ?? '';
    const found = await Promise.all(
      (pod.spec.imagePullSecrets ?? []).map(({ name = '' }) =>
        objects.get<Secret>(secrets, { namespace, name }, signal),
      ),
    );
    try {
      return await puller.ensure(
        pod,
        container,
        runtime,
        found.filter((one) => one !== undefined),
        signal,
      );
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      memory.failed(
        container.name,
        { reason: error.reason, message: error.message },
        this.#deps.clock.now(),
        error.retryAt,
      );
      return undefined;
    }
  }

  async #create(
    step: StartStep,
    container: Container,
    image: PulledImage,
    context: StartContext,
    signal: AbortSignal,
  ): Promise<string> {
    const { pod, runtime, volumes, sandboxSpec, state, isHostPod } = context;
    const { directories, events, seccompRoot } = this.#deps;
    const node = this.#deps.node();
    const sandbox = state?.sandboxes.find(({ id }) => id === step.sandboxId);
    const podIPs = pod.spec.hostNetwork === true || sandbox?.hostNetwork === true ? node.hostIPs : (sandbox?.ips ?? []);
    const facts = { nodeName: node.name, hostIPs: node.hostIPs, podIPs, allocatable: node.allocatable };

    const { env, skipped } = containerEnv(
      pod,
      container,
      this.#given(pod, isHostPod),
      await this.#sources(pod, signal),
      facts,
    );
    for (const { source, keys } of skipped) {
      const message = `Keys [${keys.join(', ')}] from the EnvFrom ${source} were skipped since they are considered invalid environment variable names.`;
      events.pod(pod, 'Warning', 'InvalidEnvironmentVariableNames', message);
    }
    const own = await containerMounts(container, volumes, env);
    const hosts = isHostPod ? [] : await this.#hostsMount(pod, own, podIPs, hostnameOf(pod, node.name));
    await directories.containerLogs(pod, container.name);
    const target = (step.container.spec as { readonly targetContainerName?: string }).targetContainerName;
    const spec = containerSpec(pod, container, {
      attempt: step.attempt,
      crashDelayMs: step.crashDelayMs,
      imageRef: image.reference,
      image: image.image,
      env,
      mounts: [...own, ...hosts],
      devices: containerDevices(container, volumes),
      terminationLog: await directories.terminationLog(pod, container.name, step.attempt),
      nodeMemoryBytes: node.memoryBytes,
      seccompRoot,
      targetContainerId: state?.containers.find((one) => one.name === target && one.state === 'running')?.id,
    });
    return runtime.createContainer(step.sandboxId, spec, sandboxSpec, { signal });
  }

  #given(pod: Pod, isHostPod: boolean): readonly EnvEntry[] {
    if (isHostPod) return this.#deps.hostPodEnv;
    const { namespace = '' } = pod.metadata;
    return serviceEnvironment(this.#deps.serviceLister.list(), namespace, pod.spec.enableServiceLinks !== false);
  }

  /** Reads all the pod refers to, so that making the environment itself need not wait. */
  async #sources(pod: Pod, signal: AbortSignal): Promise<EnvSources> {
    const { objects } = this.#deps;
    const found = new Map<string, unknown>();
    for (const { type, key } of referencesOf(pod)) {
      if (type.plural !== configMaps.plural && type.plural !== secrets.plural) continue;
      found.set(`${type.plural}/${key.name}`, await objects.get(type, key, signal));
    }
    return {
      configMap: (name) => found.get(`configmaps/${name}`) as ConfigMap | undefined,
      secret: (name) => found.get(`secrets/${name}`) as Secret | undefined,
    };
  }

  async #hostsMount(
    pod: Pod,
    own: readonly Mount[],
    podIPs: readonly string[],
    hostname: string,
  ): Promise<readonly Mount[]> {
    if (podIPs.length === 0 || own.some(({ containerPath }) => containerPath === '/etc/hosts')) return [];
    const { directories, clusterDomain, nodeHosts } = this.#deps;
    const content = hostsFile(pod, podIPs, hostname, domainOf(pod, clusterDomain), await nodeHosts());
    const hostPath = await directories.hostsFile(pod, content);
    return [{ hostPath, containerPath: '/etc/hosts', readonly: false, propagation: 'None' }];
  }

  async #postStart(id: string, container: Container, context: StartContext, signal: AbortSignal): Promise<void> {
    const hook = container.lifecycle?.postStart;
    if (hook === undefined) return;
    const { pod, runtime, state, memory } = context;
    const { clock, events } = this.#deps;
    const podIP = state?.sandboxes[0]?.ips[0] ?? this.#deps.node().hostIPs[0];
    try {
      await runHook(hook, { runtime, containerId: id, container, podIP, clock }, postStartTimeoutMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      events.pod(
        pod,
        'Warning',
        'FailedPostStartHook',
        `PostStartHook failed: ${(error as Error).message}`,
        container.name,
      );
      events.pod(pod, 'Normal', 'Killing', `FailedPostStartHook`, container.name);
      memory.killing.add(id);
      await runtime.stopContainer(id, pod.spec.terminationGracePeriodSeconds ?? 30, { signal });
    }
  }
}

const isFaultOfContainer = (error: unknown): error is RuntimeError =>
  error instanceof RuntimeError && error.code !== 'Unavailable' && error.code !== 'Timeout';
