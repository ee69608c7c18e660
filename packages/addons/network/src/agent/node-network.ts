import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AddonCluster, Node, ObjectKey } from '@geobuk/api';
import { nodes } from '@geobuk/api';
import type { Sysctls } from '@geobuk/addon-sdk';
import type { Controller, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, settled } from '@geobuk/client';
import type { NetworkConfig } from '../config.js';
import { bridgeName, conflist, networkName } from './conflist.js';
import type { Links } from './links.js';
import { isSamePlace } from './node-routes.js';
import { podCIDRof } from './routes.js';
import type { NetworkTable } from './network-table.js';

export interface NodeNetworkDeps {
  readonly nodeName: string;
  readonly cluster: AddonCluster;
  readonly config: NetworkConfig;
  readonly cniConfDir: string;
  readonly ipamDirectory: string;
  readonly nodeLister: Lister<Node>;
  readonly table: NetworkTable;
  readonly sysctls: Sysctls;
  readonly links: Links;
  /** What the way to other nodes takes of a link's MTU, in bytes. */
  readonly overheadBytes: (options: { readonly signal: AbortSignal }) => Promise<number>;
}

const fileName = '10-geobuk.conflist';
/** Files and sysctls can be changed by anybody and tell nobody. */
const lookAgainMs = 30_000;

/** Gives this node what its pods need: the CNI configuration, forwarding, the table's base rules. */
export class NodeNetwork implements Controller {
  readonly name = 'node-network';
  readonly watches;
  readonly #deps: NodeNetworkDeps;
  #waitingFor: string | undefined = 'not looked yet';

  constructor(deps: NodeNetworkDeps) {
    this.#deps = deps;
    // Others too: the first one behind a router leaves less room in a packet.
    this.watches = [mapped(nodes, (now, before) => (isSamePlace(now, before) ? [] : [{ name: deps.nodeName }]))];
  }

  /** undefined once pods can be made. */
  get waitingFor(): string | undefined {
    return this.#waitingFor;
  }

  async reconcile(key: ObjectKey, { signal, log, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { nodeLister, cluster, config, table, sysctls, cniConfDir, ipamDirectory, links, overheadBytes } = this.#deps;
    const node = nodeLister.get(key);
    const podCIDR = node === undefined ? undefined : podCIDRof(node);
    if (podCIDR === undefined) {
      this.#waitingFor = `node ${key.name} has no share of the pod network yet`;
      return settled; // its arrival is an event
    }
    await sysctls.set('net/ipv4/ip_forward', '1');
    // Without it, what one pod says to another of the same node by way of a Service finds no way back.
    const bridged = await sysctls.set('net/bridge/bridge-nf-call-iptables', '1');
    if (!bridged) log.warn('br_netfilter is not loaded: policies do not see traffic within this node');
    await table.setBase(
      {
        clusterId: cluster.id,
        clusterCIDR: cluster.podCIDR,
        podCIDR,
        masquerade: config.masquerade,
      },
      { signal },
    );
    const room = async () => (await links.defaultMtu({ signal })) - (await overheadBytes({ signal }));
    const mtu = config.mtu === 0 ? await room() : config.mtu;
    const wanted = `${JSON.stringify(conflist({ clusterId: cluster.id, podCIDR, mtu, ipamDirectory }), undefined, 2)}\n`;
    const path = join(cniConfDir, fileName);
    if ((await readFile(path, 'utf8').catch(() => undefined)) !== wanted) {
      await mkdir(cniConfDir, { recursive: true });
      await writeFile(`${path}.new`, wanted);
      await rename(`${path}.new`, path); // the runtime must never read half of it
      trace.did(`wrote ${fileName}`);
      log.info({ podCIDR, mtu }, 'pod network configured');
    }
    this.#waitingFor = undefined;
    return { requeueAfterMs: lookAgainMs };
  }

  /**
   * Takes back everything. The bridge stays while running pods hang on it, since without it they would be cut off from
   * each other by a switch in the control plane; it then goes with the next removal.
   */
  async remove({ signal, log }: Pick<ReconcileContext, 'signal' | 'log'>): Promise<void> {
    const { cluster, cniConfDir, ipamDirectory, links, sysctls, table } = this.#deps;
    await rm(join(cniConfDir, fileName), { force: true });
    await table.remove({ signal });
    const bridge = bridgeName(cluster.id);
    const ports = await links.portsOf(bridge, { signal });
    if (ports.length === 0) {
      await links.remove(bridge, { signal });
      await rm(join(ipamDirectory, networkName(cluster.id)), { recursive: true, force: true });
    } else {
      log.warn({ bridge, pods: ports.length }, 'the bridge stays: pods still use it');
    }
    await sysctls.restore();
  }
}
