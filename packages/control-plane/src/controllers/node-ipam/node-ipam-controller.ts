import type { Node, ObjectKey } from '@geobuk/api';
import { nodes } from '@geobuk/api';
import type {
  Client,
  Controller,
  EventRecorder,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { primary, settled } from '@geobuk/client';
import type { Cidr } from './cidr.js';
import { formatCidr, parseCidr, subnet, subnetCount, subnetIndex } from './cidr.js';

export interface NodeIpamControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  /** The pod network, such as `10.42.0.0/16`. */
  readonly podCIDR: string;
  /** Size of a node's share; 24 unless said. */
  readonly nodeMaskBits?: number | undefined;
}

/** Gives every node its share of the pod network. Follows: node IPAM controller (RangeAllocator). */
export class NodeIpamController implements Controller {
  readonly name = 'node-ipam';
  readonly watches = [primary(nodes)];
  /** One at a time: two nodes must not be given the same share. */
  readonly concurrency = 1;
  readonly #deps: NodeIpamControllerDeps;
  readonly #nodes: Lister<Node>;
  readonly #network: Cidr;
  readonly #bits: number;
  /** Given out by this process and perhaps not yet in the cache: node name by index. */
  readonly #given = new Map<number, string>();

  constructor(deps: NodeIpamControllerDeps) {
    this.#deps = deps;
    this.#nodes = deps.informers.of(nodes).lister;
    this.#network = parseCidr(deps.podCIDR);
    this.#bits = deps.nodeMaskBits ?? Math.max(24, this.#network.bits);
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, recorder } = this.#deps;
    const node = this.#nodes.get(key); // check
    if (node === undefined) {
      for (const [index, name] of this.#given) if (name === key.name) this.#given.delete(index);
      return settled;
    }
    if (node.spec.podCIDR !== undefined || node.metadata.deletionTimestamp !== undefined) return settled;
    const index = this.#free(); // diff
    if (index === undefined) {
      recorder.record(node, 'Warning', 'CIDRNotAvailable', `Node ${key.name} status is now: CIDRNotAvailable`);
      throw new Error(`the pod network ${this.#deps.podCIDR} has no share left for node ${key.name}`);
    }
    const podCIDR = formatCidr(subnet(this.#network, this.#bits, index));
    trace.found('no pod network share');
    this.#given.set(index, key.name);
    try {
      const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR, podCIDRs: [podCIDR] } };
      await client.patch(nodes, key, { type: 'strategic', body }, { signal }); // act
    } catch (error) {
      this.#given.delete(index);
      throw error;
    }
    trace.did(`gave it ${podCIDR}`);
    return settled;
  }

  #free(): number | undefined {
    const used = new Set(this.#given.keys());
    for (const { spec } of this.#nodes.list()) {
      if (spec.podCIDR === undefined) continue;
      const index = subnetIndex(this.#network, this.#bits, parseCidr(spec.podCIDR));
      if (index !== undefined) used.add(index);
    }
    const count = subnetCount(this.#network, this.#bits);
    for (let index = 0; index < count; index += 1) if (!used.has(index)) return index;
    return undefined;
  }
}
