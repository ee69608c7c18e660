import type { ContainerState, PodState, SandboxState } from '../runtime/runtime.js';

/** A pod's containers as diff and status look at them: the newest of each name, and the one before it. */
export class ObservedContainers {
  readonly sandbox: SandboxState | undefined;
  readonly #byName = new Map<string, ContainerState[]>();

  constructor(state: PodState | undefined) {
    this.sandbox = state?.sandboxes[0];
    for (const container of state?.containers ?? []) {
      const known = this.#byName.get(container.name);
      if (known === undefined) this.#byName.set(container.name, [container]);
      else known.push(container);
    }
  }

  /** In whatever sandbox it was. */
  newest(name: string): ContainerState | undefined {
    return this.#byName.get(name)?.[0];
  }

  /** The run before the newest one. */
  previous(name: string): ContainerState | undefined {
    return this.#byName
      .get(name)
      ?.slice(1)
      .find(({ state }) => state === 'exited');
  }

  /** The newest one, if it lives or lived in the present sandbox. */
  current(name: string): ContainerState | undefined {
    const newest = this.newest(name);
    return newest !== undefined && newest.sandboxId === this.sandbox?.id ? newest : undefined;
  }

  /** Dead ones that nobody asks for any more: neither the newest of its name nor the one before. */
  outdated(): readonly ContainerState[] {
    return [...this.#byName.values()].flatMap((runs) => runs.slice(2).filter(({ state }) => state === 'exited'));
  }

  get sandboxReady(): boolean {
    return this.sandbox?.state === 'ready';
  }
}
