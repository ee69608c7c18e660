import type { KubernetesObject, ResourceType } from '@geobuk/api';
import type { Controller, EventRecorder, Informers, LoopState } from '@geobuk/client';
import { createInformers, createRunner } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import type { Logger } from 'pino';

/** What controllers under test stand on, and what they recorded. */
export interface World {
  readonly client: FakeClient;
  readonly clock: FakeClock;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly log: Logger;
  /** `Normal SuccessfulCreate Created pod: web-x`, in order. */
  readonly events: readonly string[];
}

export interface TurningControllers extends World, AsyncDisposable {
  loops(): readonly LoopState[];
  /** Lets all work settle, after time has moved on by `ms`. */
  settle(ms?: number): Promise<void>;
}

/** A part that turns by itself beside the runner, such as the garbage collector. */
export interface LongLived {
  run(signal: AbortSignal): Promise<void>;
}

/** Runs controllers against an API server in memory and a clock that stands still until `settle` moves it. */
export async function turnControllers(
  objects: readonly KubernetesObject[],
  create: (world: World) => readonly Controller[],
  beside: (world: World) => readonly LongLived[] = () => [],
  types: readonly ResourceType[] = [],
): Promise<TurningControllers> {
  const clock = new FakeClock();
  const client = new FakeClient({ clock, objects, types });
  const log: Logger = pino({ level: 'silent' });
  const informers = createInformers({ client, log, clock, random: () => 0.5, freezeObjects: true });
  const events: string[] = [];
  const recorder: Pick<EventRecorder, 'record'> = {
    record: (_object, type, reason, message) => {
      events.push(`${type} ${reason} ${message}`);
    },
  };
  const world: World = { client, clock, informers, recorder, log, events };
  const runner = createRunner({ controllers: create(world) as readonly Controller<unknown>[], informers, log, clock });
  const others = beside(world);
  const stop = new AbortController();
  const runs = [informers.run(stop.signal), runner.run(stop.signal), ...others.map((part) => part.run(stop.signal))];
  await clock.advance(0);
  return {
    ...world,
    loops: () => runner.loops(),
    settle: (ms = 0) => clock.advance(ms),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await clock.advance(0);
      await Promise.allSettled(runs);
    },
  };
}
