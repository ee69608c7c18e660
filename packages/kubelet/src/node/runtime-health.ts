import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { ContainerRuntime } from '../runtime/runtime.js';

export interface RuntimeHealthState {
  readonly runtimeReady: boolean;
  readonly networkReady: boolean;
  readonly message: string;
  readonly handlers: readonly string[];
  readonly version: string;
}

export interface RuntimeHealthDeps {
  readonly runtime: ContainerRuntime | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly changed: () => void;
}

const eagerMs = 500;
const calmMs = 5000;

const unknown: RuntimeHealthState = {
  runtimeReady: false,
  networkReady: false,
  message: 'the container runtime was not asked yet',
  handlers: [],
  version: '',
};
const hostOnly: RuntimeHealthState = { runtimeReady: true, networkReady: true, message: '', handlers: [], version: '' };

/** Asks the engine how it is: CRI has no event for it. Often until all is well, then every few seconds. */
export class RuntimeHealth {
  readonly #deps: RuntimeHealthDeps;
  #state: RuntimeHealthState;
  #answered: () => void = () => undefined;
  readonly #firstAnswer = new Promise<void>((resolve) => (this.#answered = resolve));

  constructor(deps: RuntimeHealthDeps) {
    this.#deps = deps;
    this.#state = deps.runtime === undefined ? hostOnly : unknown;
  }

  /** Until the engine was asked once nobody may say that it is down. */
  async whenAsked(signal: AbortSignal): Promise<void> {
    if (this.#state === unknown) await Promise.race([this.#firstAnswer, aborted(signal)]);
  }

  get state(): RuntimeHealthState {
    return this.#state;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { runtime, clock } = this.#deps;
    if (runtime === undefined) return;
    while (!signal.aborted) {
      await this.#ask(runtime, signal);
      this.#answered();
      const { runtimeReady, networkReady } = this.#state;
      await clock.after(runtimeReady && networkReady ? calmMs : eagerMs, { signal }).catch(() => undefined);
    }
  }

  async #ask(runtime: ContainerRuntime, signal: AbortSignal): Promise<void> {
    const before = this.#state;
    try {
      const [status, version] = await Promise.all([
        runtime.status({ signal }),
        before.version === '' ? runtime.version({ signal }) : undefined,
      ]);
      this.#state = {
        ...status,
        version: version === undefined ? before.version : `${version.name}://${version.version}`,
      };
    } catch (error) {
      if (signal.aborted) return;
      this.#state = { ...before, runtimeReady: false, message: (error as Error).message };
    }
    const now = this.#state;
    if (
      now.runtimeReady === before.runtimeReady &&
      now.networkReady === before.networkReady &&
      now.version === before.version
    )
      return;
    const fields = { runtimeReady: now.runtimeReady, networkReady: now.networkReady, reason: now.message };
    this.#deps.log.info(fields, 'container runtime changed');
    this.#deps.changed();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
