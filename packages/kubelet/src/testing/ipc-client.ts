import type { ChildProcess } from 'node:child_process';
import { ApiError } from '@geobuk/api';
import type { KubernetesObject, ResourceType, Status } from '@geobuk/api';
import { ConnectionError } from '@geobuk/client';
import type { Client, WatchEvent, WatchOptions } from '@geobuk/client';

/** A kubelet in a process of its own talks to an API server in the test's process. */
type Ask =
  { readonly id: number; readonly method: string; readonly args: readonly unknown[] } | { readonly cancel: number };
type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly status: Status }
  | { readonly id: number; readonly error: string }
  | { readonly id: number; readonly event: unknown }
  | { readonly id: number; readonly end: true };

const withoutSignal = (args: readonly unknown[]): readonly unknown[] => [
  ...args.slice(0, -1),
  { ...(args.at(-1) as object), signal: undefined },
];

interface Pending {
  settle(answer: Answer): void;
}

/** The child's half: a client whose calls go over the process' IPC channel. */
export function ipcClient(): Client {
  const pending = new Map<number, Pending>();
  let ids = 0;
  process.on('message', (answer: Answer) => pending.get(answer.id)?.settle(answer));

  const failure = (answer: Answer): Error =>
    'status' in answer ? new ApiError(answer.status) : new ConnectionError('error' in answer ? answer.error : 'ended');
  const send = (ask: Ask): void => void process.send?.(ask);

  const call = (method: string, args: readonly unknown[]): Promise<unknown> => {
    const { signal } = args.at(-1) as { readonly signal: AbortSignal };
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const id = ids++;
      const done = (): void => {
        pending.delete(id);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        done();
        send({ cancel: id });
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      pending.set(id, {
        settle: (answer) => {
          done();
          if ('value' in answer) resolve(answer.value);
          else reject(failure(answer));
        },
      });
      send({ id, method, args: withoutSignal(args) });
    });
  };

  async function* watch(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<KubernetesObject>> {
    const { signal } = options;
    if (signal.aborted) return;
    const id = ids++;
    const answers: Answer[] = [];
    let wake: () => void = () => undefined;
    const settle = (answer: Answer): void => {
      answers.push(answer);
      wake();
    };
    const onAbort = (): void => settle({ id, end: true });
    pending.set(id, { settle });
    signal.addEventListener('abort', onAbort, { once: true });
    send({ id, method: 'watch', args: withoutSignal([type, options]) });
    try {
      for (;;) {
        const next = answers.shift();
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else if ('event' in next) yield next.event as WatchEvent<KubernetesObject>;
        else if ('end' in next) return;
        else throw failure(next);
      }
    } finally {
      pending.delete(id);
      signal.removeEventListener('abort', onAbort);
      send({ cancel: id });
    }
  }

  return new Proxy({} as Client, {
    get: (_, method: string) =>
      method === 'watch' ? watch : (...args: readonly unknown[]): Promise<unknown> => call(method, args),
  });
}

/** The test's half: carries out what a child asks, until it is gone. */
export function serveClient(child: ChildProcess, client: Client): void {
  const running = new Map<number, AbortController>();
  const send = (answer: Answer): void => {
    if (child.connected) child.send(answer);
  };
  const failed = (id: number, error: unknown): void =>
    send(error instanceof ApiError ? { id, status: error.status } : { id, error: String(error) });
  const carryOut = async (id: number, method: string, args: readonly unknown[], signal: AbortSignal): Promise<void> => {
    const given = [...args.slice(0, -1), { ...(args.at(-1) as object), signal }];
    const act = client[method as keyof Client] as (...all: readonly unknown[]) => unknown;
    try {
      const result = act.apply(client, given);
      if (method !== 'watch') return send({ id, value: await result });
      for await (const event of result as AsyncIterable<unknown>) send({ id, event });
      send({ id, end: true });
    } catch (error) {
      if (!signal.aborted) failed(id, error);
    } finally {
      running.delete(id);
    }
  };
  child.on('message', (ask: Ask | { readonly ready: true }) => {
    if ('ready' in ask) return; // Not for the API server.
    if ('cancel' in ask) {
      running.get(ask.cancel)?.abort();
      return;
    }
    const stop = new AbortController();
    running.set(ask.id, stop);
    void carryOut(ask.id, ask.method, ask.args, stop.signal);
  });
  child.once('exit', () => {
    for (const stop of running.values()) stop.abort();
  });
}
