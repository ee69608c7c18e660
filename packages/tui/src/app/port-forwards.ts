import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { ObjectKey } from '@geobuk/api';
import { formatKey, pods } from '@geobuk/api';
import { portForward } from '@geobuk/client';
import type { Cluster } from '../cluster/cluster.js';

/** What a forward goes to: a pod, or whichever pod of a selector is ready. */
export interface ForwardTarget {
  readonly cluster: Pick<Cluster, 'connection'>;
  readonly namespace: string;
  /** Shown: `pod/web-1`, `service/web`. */
  readonly name: string;
  readonly pod?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly port: number;
}

export interface Forward {
  readonly id: number;
  readonly target: ForwardTarget;
  readonly address: string;
  readonly localPort: number;
  readonly startedAt: number;
  /** Connections now open. */
  readonly connections: number;
  /** What went wrong last; '' if nothing did. */
  readonly problem: string;
  /** The pod used last. */
  readonly pod: string;
  /** The name it is kept by; '' when it is not. */
  readonly label: string;
}

interface Running {
  forward: Forward;
  readonly server: Server;
  readonly abort: AbortController;
}

/**
 * Local ports that lead into pods, for as long as the dashboard runs. A forward to a selector finds a ready pod for
 * each connection anew, so a pod that goes takes no forward with it.
 */
export class PortForwards implements Disposable {
  readonly #running = new Map<number, Running>();
  readonly #changed: () => void;
  #next = 1;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get all(): readonly Forward[] {
    return [...this.#running.values()].map(({ forward }) => forward);
  }

  isForwarded(key: ObjectKey): boolean {
    return this.all.some(({ pod, target }) => formatKey({ namespace: target.namespace, name: pod }) === formatKey(key));
  }

  /** Listens locally; `localPort` 0 takes any free one. @throws {Error} the port is taken. */
  async open(target: ForwardTarget, localPort: number, address: string, now: number, label = ''): Promise<Forward> {
    const abort = new AbortController();
    const server = createServer((socket) => void this.#serve(id, socket));
    const id = this.#next;
    this.#next += 1;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'EADDRINUSE' ? new Error(`local port ${localPort} is taken; choose another`) : error),
      );
      server.listen(localPort, address, resolve);
    });
    const bound = server.address();
    const forward: Forward = {
      id,
      target,
      address,
      localPort: typeof bound === 'object' && bound !== null ? bound.port : localPort,
      startedAt: now,
      connections: 0,
      problem: '',
      pod: target.pod ?? '',
      label,
    };
    this.#running.set(id, { forward, server, abort });
    this.#changed();
    return forward;
  }

  close(id: number): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    running.abort.abort(new Error('the port-forward was stopped'));
    running.server.close();
    this.#changed();
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#running.keys()]) this.close(id);
  }

  async #serve(id: number, socket: Socket): Promise<void> {
    const running = this.#running.get(id);
    socket.on('error', () => socket.destroy());
    if (running === undefined) {
      socket.destroy();
      return;
    }
    const { signal } = running.abort;
    const { target } = running.forward;
    try {
      const connection = await target.cluster.connection(signal);
      const pod = await this.#podFor(target, signal);
      this.#update(id, { pod, problem: '', connections: running.forward.connections + 1 });
      const far = await portForward(connection, { namespace: target.namespace, name: pod }, target.port, { signal });
      far.on('error', (error: Error) => {
        this.#update(id, { problem: error.message });
        socket.destroy();
      });
      const ended = new Promise<void>((resolve) => {
        far.once('close', resolve);
        socket.once('close', resolve);
      });
      socket.pipe(far).pipe(socket);
      await ended;
      far.destroy();
      socket.destroy();
      this.#update(id, { connections: Math.max(0, (this.#running.get(id)?.forward.connections ?? 1) - 1) });
    } catch (error) {
      socket.destroy();
      this.#update(id, { problem: error instanceof Error ? error.message : String(error) });
    }
  }

  async #podFor(target: ForwardTarget, signal: AbortSignal): Promise<string> {
    if (target.labelSelector === undefined) return target.pod ?? '';
    const connection = await target.cluster.connection(signal);
    const { namespace, labelSelector } = target;
    const { items } = await connection.list(pods, { namespace, labelSelector, signal });
    const ready = items.find(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True'),
    );
    const name = ready?.metadata.name;
    if (name === undefined) throw new Error(`no ready pod behind ${target.name}`);
    return name;
  }

  #update(id: number, change: Partial<Forward>): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.forward = { ...running.forward, ...change };
    this.#changed();
  }
}
