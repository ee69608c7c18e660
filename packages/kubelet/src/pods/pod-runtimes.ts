import type { Pod, RuntimeClass } from '@geobuk/api';
import type { Lister } from '@geobuk/client';
import type { ContainerRuntime, PodState } from '../runtime/runtime.js';
import { RuntimeError } from '../runtime/runtime.js';

/** The RuntimeClass of pods that run as processes of the node itself. */
export const hostRuntimeClass = 'host';

export interface PodRuntimesDeps {
  /** Absent on a node without a container engine: it runs host pods only. */
  readonly engine: ContainerRuntime | undefined;
  readonly host: ContainerRuntime | undefined;
  readonly runtimeClasses: Lister<RuntimeClass>;
}

/** Which runtime a pod is for. */
export class PodRuntimes {
  readonly #deps: PodRuntimesDeps;

  constructor(deps: PodRuntimesDeps) {
    this.#deps = deps;
  }

  get all(): readonly ContainerRuntime[] {
    return [this.#deps.engine, this.#deps.host].filter((runtime) => runtime !== undefined);
  }

  isHost(pod: Pod): boolean {
    return pod.spec.runtimeClassName === hostRuntimeClass;
  }

  /** @throws {RuntimeError} Sandbox, when this node has none of that kind. */
  of(pod: Pod): ContainerRuntime {
    const { engine, host } = this.#deps;
    const runtime = this.isHost(pod) ? host : engine;
    if (runtime !== undefined) return runtime;
    const what = this.isHost(pod) ? 'host processes' : 'containers';
    throw new RuntimeError('Sandbox', `this node has no runtime for ${what}`);
  }

  /** @throws {RuntimeError} Sandbox, when the pod's RuntimeClass does not exist. */
  handlerOf(pod: Pod): string {
    const { runtimeClassName: name } = pod.spec;
    if (name === undefined || name === '' || this.isHost(pod)) return '';
    const found = this.#deps.runtimeClasses.get({ name });
    if (found === undefined) throw new RuntimeError('Sandbox', `failed to get RuntimeClass "${name}": not found`);
    return found.handler;
  }

  /** Where an orphan lives; nobody can ask its spec any more. */
  async find(
    uid: string,
    signal: AbortSignal,
  ): Promise<{ readonly runtime: ContainerRuntime; readonly state: PodState } | undefined> {
    for (const runtime of this.all) {
      const state = await runtime.observe(uid, { signal });
      if (state !== undefined) return { runtime, state };
    }
    return undefined;
  }
}
