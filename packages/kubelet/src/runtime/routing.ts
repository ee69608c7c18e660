import type { Duplex } from 'node:stream';
import { EventQueue } from './event-queue.js';
import { RuntimeError } from './runtime.js';
import type {
  ContainerRuntime,
  ContainerSpec,
  ContainerStats,
  ExecStreams,
  ImageState,
  LinuxResources,
  PodState,
  RegistryCredentials,
  RuntimeCallOptions,
  RuntimeEvent,
  SandboxSpec,
} from './runtime.js';

/** An engine beside the main one, and how to tell what is its. */
export interface RuntimeRoute {
  readonly runtime: ContainerRuntime;
  /** Handler of the sandboxes that go there. */
  readonly handler: string;
  /** Prefix of the ids that it gives out. */
  readonly idPrefix: string;
  /** Prefix of the images that it runs. */
  readonly imagePrefix: string;
}

/** The host runtime's route. */
export const hostRoute = (runtime: ContainerRuntime): RuntimeRoute => ({
  runtime,
  handler: 'host',
  idPrefix: 'host-',
  imagePrefix: 'npm:',
});

/**
 * Several engines as one: sandboxes go by their handler, ids and images by their prefix, and what is seen is seen together.
 * When the main engine is down, pods of the others still run; a look at all pods needs every engine, since pods missing
 * from it count as gone.
 */
export class RoutingRuntime implements ContainerRuntime {
  readonly #main: ContainerRuntime;
  readonly #routes: readonly RuntimeRoute[];

  constructor(main: ContainerRuntime, routes: readonly RuntimeRoute[]) {
    this.#main = main;
    this.#routes = routes;
  }

  get name(): string {
    return this.#main.name;
  }

  /** Name of the engine that runs it, for `<engine>://<id>` in a pod's status. */
  engineOf(id: string): string {
    return this.#byId(id).name;
  }

  version(options: RuntimeCallOptions): ReturnType<ContainerRuntime['version']> {
    return this.#main.version(options);
  }

  async status(options: RuntimeCallOptions): ReturnType<ContainerRuntime['status']> {
    const [main, ...others] = await Promise.all(this.#all.map((runtime) => runtime.status(options)));
    if (main === undefined) throw new RuntimeError('Unavailable', 'no container runtime');
    const all = [main, ...others];
    return {
      runtimeReady: all.every(({ runtimeReady }) => runtimeReady),
      networkReady: main.networkReady,
      message: all
        .map(({ message }) => message)
        .filter((message) => message !== '')
        .join('; '),
      handlers: all.flatMap(({ handlers }) => handlers),
    };
  }

  async observe(uid: string, options: RuntimeCallOptions): Promise<PodState | undefined> {
    const seen = await Promise.all(this.#all.map((runtime) => runtime.observe(uid, options)));
    return seen.filter((pod) => pod !== undefined).reduce<PodState | undefined>(joinPods, undefined);
  }

  async observeAll(options: RuntimeCallOptions): Promise<readonly PodState[]> {
    const pods = new Map<string, PodState>();
    for (const seen of await Promise.all(this.#all.map((runtime) => runtime.observeAll(options)))) {
      for (const pod of seen) pods.set(pod.pod.uid, joinPods(pods.get(pod.pod.uid), pod));
    }
    return [...pods.values()];
  }

  /** Of all engines that have events. Whoever relists because this is undefined would relist all, so all or none count. */
  events({ signal }: RuntimeCallOptions): AsyncIterable<RuntimeEvent> | undefined {
    const stop = new AbortController();
    const streams = this.#all.map((runtime) => runtime.events({ signal: stop.signal }));
    if (!streams.every((stream) => stream !== undefined)) {
      stop.abort();
      return undefined;
    }
    const onAbort = (): void => stop.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) stop.abort();
    const queue = new EventQueue<RuntimeEvent>();
    const merged = queue.read(stop.signal);
    const pumps = streams.map(async (stream) => {
      try {
        for await (const event of stream) queue.push(event);
      } finally {
        // One engine without a voice is a half-deaf kubelet: all end, and the caller begins anew.
        stop.abort();
      }
    });
    const ended = Promise.allSettled(pumps);
    return (async function* () {
      try {
        yield* merged;
        for (const result of await ended) if (result.status === 'rejected') throw result.reason;
      } finally {
        signal.removeEventListener('abort', onAbort);
        stop.abort();
      }
    })();
  }

  runSandbox(spec: SandboxSpec, options: RuntimeCallOptions): Promise<string> {
    return this.#byHandler(spec.handler).runSandbox(spec, options);
  }

  stopSandbox(id: string, options: RuntimeCallOptions): Promise<void> {
    return this.#byId(id).stopSandbox(id, options);
  }

  removeSandbox(id: string, options: RuntimeCallOptions): Promise<void> {
    return this.#byId(id).removeSandbox(id, options);
  }

  async createContainer(
    sandboxId: string,
    spec: ContainerSpec,
    sandbox: SandboxSpec,
    options: RuntimeCallOptions,
  ): Promise<string> {
    const runtime = this.#byId(sandboxId);
    // An image of another engine is refused by name here: the engine itself would only say that it is missing.
    if (runtime !== this.#byImage(spec.image)) {
      const text = `image ${spec.image} cannot run with runtime class handler "${sandbox.handler}"`;
      throw new RuntimeError('CreateContainer', text);
    }
    return runtime.createContainer(sandboxId, spec, sandbox, options);
  }

  startContainer(id: string, options: RuntimeCallOptions): Promise<void> {
    return this.#byId(id).startContainer(id, options);
  }

  stopContainer(id: string, graceSeconds: number, options: RuntimeCallOptions): Promise<void> {
    return this.#byId(id).stopContainer(id, graceSeconds, options);
  }

  removeContainer(id: string, options: RuntimeCallOptions): Promise<void> {
    return this.#byId(id).removeContainer(id, options);
  }

  updateResources(id: string, resources: LinuxResources, options: RuntimeCallOptions): Promise<void> {
    return this.#byId(id).updateResources(id, resources, options);
  }

  reopenLog(id: string, options: RuntimeCallOptions): Promise<void> {
    return this.#byId(id).reopenLog(id, options);
  }

  image(reference: string, options: RuntimeCallOptions): Promise<ImageState | undefined> {
    return this.#byImage(reference).image(reference, options);
  }

  async images(options: RuntimeCallOptions): Promise<readonly ImageState[]> {
    return (await Promise.all(this.#all.map((runtime) => runtime.images(options)))).flat();
  }

  pullImage(
    reference: string,
    credentials: RegistryCredentials | undefined,
    options: RuntimeCallOptions,
  ): Promise<string> {
    return this.#byImage(reference).pullImage(reference, credentials, options);
  }

  removeImage(reference: string, options: RuntimeCallOptions): Promise<void> {
    return this.#byImage(reference).removeImage(reference, options);
  }

  execSync(
    id: string,
    command: readonly string[],
    timeoutMs: number,
    options: RuntimeCallOptions,
  ): ReturnType<ContainerRuntime['execSync']> {
    return this.#byId(id).execSync(id, command, timeoutMs, options);
  }

  exec(id: string, command: readonly string[], streams: ExecStreams, options: RuntimeCallOptions): Promise<number> {
    return this.#byId(id).exec(id, command, streams, options);
  }

  attach(id: string, streams: ExecStreams, options: RuntimeCallOptions): Promise<void> {
    return this.#byId(id).attach(id, streams, options);
  }

  portForward(sandboxId: string, port: number, options: RuntimeCallOptions): Promise<Duplex> {
    return this.#byId(sandboxId).portForward(sandboxId, port, options);
  }

  async stats(options: RuntimeCallOptions): Promise<readonly ContainerStats[]> {
    return (await Promise.all(this.#all.map((runtime) => runtime.stats(options)))).flat();
  }

  /** Images proper are the main engine's. */
  imageFilesystem(options: RuntimeCallOptions): ReturnType<ContainerRuntime['imageFilesystem']> {
    return this.#main.imageFilesystem(options);
  }

  get #all(): readonly ContainerRuntime[] {
    return [this.#main, ...this.#routes.map(({ runtime }) => runtime)];
  }

  #byHandler(handler: string): ContainerRuntime {
    return this.#routes.find((route) => route.handler === handler)?.runtime ?? this.#main;
  }

  #byId(id: string): ContainerRuntime {
    return this.#routes.find(({ idPrefix }) => id.startsWith(idPrefix))?.runtime ?? this.#main;
  }

  #byImage(reference: string): ContainerRuntime {
    return this.#routes.find(({ imagePrefix }) => reference.startsWith(imagePrefix))?.runtime ?? this.#main;
  }
}

/** A pod whose runtime class was changed by re-creation may have traces in two engines. */
function joinPods(before: PodState | undefined, pod: PodState): PodState {
  if (before === undefined) return pod;
  return {
    pod: before.pod,
    sandboxes: [...before.sandboxes, ...pod.sandboxes].sort((a, b) => b.pod.attempt - a.pod.attempt),
    containers: [...before.containers, ...pod.containers].sort((a, b) => b.attempt - a.attempt),
  };
}
