import { PluginConnection } from './plugin-connection.js';
import type { CsiMessage, CsiMethods, CsiRequest, NodeCapability } from './schema.js';

/** What a plugin says of itself and of this node. */
export interface CsiPluginInfo {
  readonly name: string;
  /** What the plugin calls this node. */
  readonly nodeId: string;
  /** 0: the plugin sets no limit. */
  readonly maxVolumes: number;
  /** Labels that say from where its volumes can be reached. */
  readonly topology: Readonly<Record<string, string>>;
  readonly capabilities: ReadonlySet<NodeCapability>;
}

const infoTimeoutMs = 30_000;
/** Follows: csiTimeout. Plugins format disks in this time. */
const volumeTimeoutMs = 120_000;

/** A CSI plugin that has registered on this node. */
export class CsiPlugin implements Disposable {
  readonly info: CsiPluginInfo;
  readonly #connection: PluginConnection;

  private constructor(info: CsiPluginInfo, connection: PluginConnection) {
    this.info = info;
    this.#connection = connection;
  }

  /** Asks the plugin about this node. @throws {CsiError} it does not answer, or gives the node no name. */
  static async open(name: string, socket: string, signal: AbortSignal): Promise<CsiPlugin> {
    const connection = new PluginConnection(socket);
    try {
      const { nodeId, maxVolumesPerNode, accessibleTopology } = await connection.call(
        'NodeGetInfo',
        {},
        infoTimeoutMs,
        signal,
      );
      const { capabilities } = await connection.call('NodeGetCapabilities', {}, infoTimeoutMs, signal);
      const info = {
        name,
        nodeId,
        maxVolumes: Math.max(0, maxVolumesPerNode),
        topology: accessibleTopology?.segments ?? {},
        capabilities: new Set(capabilities.flatMap(({ rpc }) => (rpc === null ? [] : [rpc.type]))),
      };
      return new CsiPlugin(info, connection);
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  can(capability: NodeCapability): boolean {
    return this.info.capabilities.has(capability);
  }

  /** @throws {CsiError} */
  call<M extends keyof CsiMethods>(
    method: M,
    request: CsiRequest<CsiMethods[M][0]>,
    signal: AbortSignal,
  ): Promise<CsiMessage<CsiMethods[M][1]>> {
    return this.#connection.call(method, request, volumeTimeoutMs, signal);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}
