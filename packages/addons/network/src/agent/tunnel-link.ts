import { isDeepStrictEqual } from 'node:util';
import type { Ip } from './ip-command.js';
import type { TunnelEnd, TunnelNeighbour } from './tunnel.js';
import { hardwareAddressOf, tunnelAddressOf } from './tunnel.js';

interface Options {
  readonly signal: AbortSignal;
}

interface JsonTunnel {
  readonly address?: string;
  readonly mtu: number;
  readonly flags?: readonly string[];
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: {
      readonly id?: number;
      readonly local?: string;
      readonly port?: number;
      readonly learning?: boolean;
    };
  };
}
interface JsonNeighbour {
  readonly dst: string;
  readonly lladdr?: string;
}
interface JsonForward {
  readonly mac: string;
  readonly dst?: string;
}
interface JsonAddress {
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string }[];
}

/**
 * The VXLAN device of one node. It learns and floods nothing: it sends to the ends that it was told of, and what is for
 * anybody else it drops.
 */
export class TunnelLink {
  readonly #ip: Ip;
  readonly #link: string;

  constructor(ip: Ip, link: string) {
    this.#ip = ip;
    this.#link = link;
  }

  /** Makes the device, or makes it anew where it differs in what cannot be changed. @returns whether it did anything. */
  async ensure(end: TunnelEnd, options: Options): Promise<boolean> {
    const wanted = {
      kind: 'vxlan',
      id: end.vni,
      local: end.nodeAddress,
      port: end.port,
      learning: false,
      hardware: hardwareAddressOf(end.podCIDR),
    };
    const present = await this.#present(options); // check
    const { mtu, isUp, address, ...fixed } = present ?? {};
    const isSame = present !== undefined && isDeepStrictEqual(fixed, wanted);
    if (isSame && mtu === end.mtu && isUp === true && address === tunnelAddressOf(end.podCIDR)) return false;
    const link = this.#link;
    if (!isSame) {
      if (present !== undefined) await this.remove(options);
      const kind = ['type', 'vxlan', 'id', `${end.vni}`, 'dstport', `${end.port}`, 'local', end.nodeAddress];
      await this.#ip.run(['link', 'add', link, 'address', wanted.hardware, ...kind, 'nolearning'], options);
    }
    await this.#ip.run(['addr', 'replace', `${tunnelAddressOf(end.podCIDR)}/32`, 'dev', link], options);
    await this.#ip.run(['link', 'set', link, 'mtu', `${end.mtu}`, 'up'], options);
    return true;
  }

  /** The far ends that the kernel knows entirely. */
  async neighbours(options: Options): Promise<readonly TunnelNeighbour[]> {
    const known = await this.#ip.json<JsonNeighbour>(['neigh', 'show', 'dev', this.#link, 'nud', 'permanent'], options);
    const forwards = await this.#ip.bridgeJson<JsonForward>(['fdb', 'show', 'dev', this.#link], options);
    const nodeOf = new Map(forwards.map(({ mac, dst }) => [mac, dst]));
    return known.flatMap(({ dst, lladdr = '' }) =>
      dst.includes(':') ? [] : [{ address: dst, hardware: lladdr, nodeAddress: nodeOf.get(lladdr) ?? '' }],
    );
  }

  async setNeighbour({ address, hardware, nodeAddress }: TunnelNeighbour, options: Options): Promise<void> {
    const link = this.#link;
    await this.#ip.bridge(['fdb', 'replace', hardware, 'dev', link, 'dst', nodeAddress, 'self', 'permanent'], options);
    const reach = ['lladdr', hardware, 'dev', link, 'nud', 'permanent'];
    await this.#ip.run(['neigh', 'replace', address, ...reach], options);
  }

  async forgetNeighbour({ address, hardware, nodeAddress }: TunnelNeighbour, options: Options): Promise<void> {
    await this.#ip.runIfThere(['neigh', 'del', address, 'dev', this.#link], options);
    if (nodeAddress === '') return;
    const entry = [hardware, 'dev', this.#link, 'dst', nodeAddress, 'self'];
    await this.#ip.bridgeIfThere(['fdb', 'del', ...entry], options);
  }

  /** With it go its address, its routes and all that it was told. */
  async remove(options: Options): Promise<void> {
    await this.#ip.runIfThere(['link', 'del', this.#link], options);
  }

  async #present(options: Options) {
    const [link] = await this.#ip.jsonIfThere<JsonTunnel>(['-d', 'link', 'show', 'dev', this.#link], options);
    if (link === undefined) return undefined;
    const [addresses] = await this.#ip.jsonIfThere<JsonAddress>(['addr', 'show', 'dev', this.#link], options);
    const { id, local, port, learning } = link.linkinfo?.info_data ?? {};
    return {
      kind: link.linkinfo?.info_kind,
      id,
      local,
      port,
      learning,
      hardware: link.address,
      mtu: link.mtu,
      isUp: link.flags?.includes('UP') === true,
      address: addresses?.addr_info?.find(({ family }) => family === 'inet')?.local,
    };
  }
}
