import { createKeyRunner } from '@geobuk/client';
import type { Clock, KeyRunner, ReconcileResult } from '@geobuk/client';
import type { Logger } from 'pino';
import { CsiError } from './csi-error.js';
import type { CsiNodeObject } from './csi-node-object.js';
import { CsiPlugin } from './csi-plugin.js';
import { PluginConnection } from './plugin-connection.js';
import { PluginSockets } from './plugin-sockets.js';
import type { CsiMessage } from './schema.js';

export interface PluginRegistryDeps {
  /** Where plugins put their registration sockets. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: Pick<CsiNodeObject, 'announce' | 'withdraw'>;
  /** A driver came or went: volumes may wait for it. */
  readonly changed: () => void;
}

interface Registered {
  readonly id: string;
  readonly plugin: CsiPlugin;
}

const callTimeoutMs = 10_000;
const backOff = { initialMs: 500, maxMs: 120_000 };

/**
 * The CSI drivers of this node. Each makes itself known by a socket, is asked what it is, is told whether it was taken,
 * and goes with its socket. Follows: pluginwatcher, csi registration handler.
 */
export class PluginRegistry {
  readonly #deps: PluginRegistryDeps;
  readonly #runner: KeyRunner<string>;
  readonly #bySocket = new Map<string, Registered>();
  #sockets: ReadonlyMap<string, string> = new Map();

  constructor(deps: PluginRegistryDeps) {
    this.#deps = deps;
    this.#runner = createKeyRunner<string>({
      name: 'csi-plugin',
      clock: deps.clock,
      log: deps.log,
      concurrency: 4,
      backOff,
      reconcile: (socket, { signal }) => this.#reconcile(socket, signal),
    });
  }

  /** @returns `undefined` where no driver of that name has registered. */
  get(driver: string): CsiPlugin | undefined {
    return [...this.#bySocket.values()].find(({ plugin }) => plugin.info.name === driver)?.plugin;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { directory, clock, log } = this.#deps;
    const sockets = new PluginSockets({
      directory,
      clock,
      log,
      changed: (now) => {
        const concerned = new Set([...this.#sockets.keys(), ...now.keys()]);
        this.#sockets = now;
        for (const socket of concerned) this.#runner.add(socket);
      },
    });
    await Promise.all([sockets.run(signal), this.#runner.run(signal)]);
    for (const { plugin } of this.#bySocket.values()) plugin[Symbol.dispose]();
  }

  async #reconcile(socket: string, signal: AbortSignal): Promise<ReconcileResult> {
    const id = this.#sockets.get(socket);
    const known = this.#bySocket.get(socket);
    if (id === known?.id) return {};
    if (id === undefined) await this.#leave(socket, signal);
    else await this.#register(socket, id, signal);
    return {};
  }

  async #leave(socket: string, signal: AbortSignal): Promise<void> {
    const known = this.#bySocket.get(socket);
    if (known === undefined) return;
    const { name } = known.plugin.info;
    this.#bySocket.delete(socket);
    known.plugin[Symbol.dispose]();
    this.#deps.log.info({ driver: name }, 'CSI driver went');
    // Another socket may serve the same driver: a new instance comes before the old one goes.
    if (this.get(name) === undefined) await this.#deps.node.withdraw(name, signal);
    this.#deps.changed();
  }

  async #register(socket: string, id: string, signal: AbortSignal): Promise<void> {
    const { log, node, changed } = this.#deps;
    using registration = new PluginConnection(socket);
    const info = await registration.call('GetInfo', {}, callTimeoutMs, signal);
    const tell = (error: string): Promise<unknown> =>
      registration.call('NotifyRegistrationStatus', { pluginRegistered: error === '', error }, callTimeoutMs, signal);
    const refusal = refusalOf(info, socket);
    if (refusal !== undefined) {
      log.warn({ plugin: info.name, type: info.type, why: refusal }, 'plugin not taken');
      await tell(refusal);
      return;
    }
    let plugin: CsiPlugin | undefined;
    try {
      plugin = await CsiPlugin.open(info.name, info.endpoint === '' ? socket : info.endpoint, signal);
      if (plugin.info.nodeId === '') throw new CsiError('Refused', 'the plugin gives this node no id');
      await node.announce(plugin.info, signal);
    } catch (error) {
      plugin?.[Symbol.dispose]();
      signal.throwIfAborted();
      await tell((error as Error).message).catch(() => undefined); // It may be gone already; the next try tells again.
      throw error;
    }
    this.#bySocket.get(socket)?.plugin[Symbol.dispose]();
    this.#bySocket.set(socket, { id, plugin });
    log.info({ driver: info.name, nodeId: plugin.info.nodeId }, 'CSI driver registered');
    changed();
    await tell('');
  }
}

/** Follows: ValidatePlugin; only CSI drivers are plugins of this node. */
function refusalOf({ type, name, supportedVersions }: CsiMessage<'PluginInfo'>, socket: string): string | undefined {
  if (type !== 'CSIPlugin') return `no handler registered for plugin type: ${type} at socket ${socket}`;
  if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i.test(name))
    return `plugin name ${JSON.stringify(name)} is no valid CSI driver name`;
  if (supportedVersions.some((version) => /^v?1\./.test(version))) return undefined;
  return `validating CSI driver ${name} failed: none of its versions [${supportedVersions.join(' ')}] is supported: 1.x is needed`;
}
