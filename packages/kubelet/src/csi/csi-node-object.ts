import { csiNodes, deepEqual, isAlreadyExists, isConflict, isNotFound, nodes } from '@geobuk/api';
import type { CSINode, CSINodeDriver, Node } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { CsiError } from './csi-error.js';
import type { CsiPluginInfo } from './csi-plugin.js';

export interface CsiNodeObjectDeps {
  readonly client: Client;
  readonly nodeName: string;
}

const nodeIdAnnotation = 'csi.volume.kubernetes.io/nodeid';
const conflictTries = 5;

/** What a CSINode says of one driver. Pure. */
export function driverEntry({ name, nodeId, maxVolumes, topology }: CsiPluginInfo): CSINodeDriver {
  return {
    name,
    nodeID: nodeId,
    topologyKeys: Object.keys(topology).sort(),
    ...(maxVolumes > 0 ? { allocatable: { count: maxVolumes } } : {}),
  };
}

/** The drivers with one more, or another one in its place. Pure. */
export const withDriver = (drivers: readonly CSINodeDriver[], entry: CSINodeDriver): readonly CSINodeDriver[] => [
  ...drivers.filter(({ name }) => name !== entry.name),
  entry,
];

/**
 * Tells the cluster which CSI drivers this node has: in its CSINode, in an annotation of its Node, and in topology
 * labels. Follows: nodeinfomanager.
 */
export class CsiNodeObject {
  readonly #deps: CsiNodeObjectDeps;

  constructor(deps: CsiNodeObjectDeps) {
    this.#deps = deps;
  }

  /** @throws {CsiError} its topology contradicts a label the node has. @throws {ApiError} */
  async announce(info: CsiPluginInfo, signal: AbortSignal): Promise<void> {
    await this.#changeNode((node) => {
      const labels = node.metadata.labels ?? {};
      for (const [key, value] of Object.entries(info.topology)) {
        const existing = labels[key];
        if (existing !== undefined && existing !== value) {
          const message = `detected topology value collision: driver reported "${key}":"${value}" but existing label is "${key}":"${existing}"`;
          throw new CsiError('Refused', message);
        }
      }
      return { ids: { ...nodeIds(node), [info.name]: info.nodeId }, labels: info.topology };
    }, signal);
    await this.#changeDrivers((drivers) => withDriver(drivers, driverEntry(info)), signal);
  }

  /** Its topology labels stay: volumes were placed by them. @throws {ApiError} */
  async withdraw(driver: string, signal: AbortSignal): Promise<void> {
    await this.#changeDrivers((drivers) => drivers.filter(({ name }) => name !== driver), signal);
    await this.#changeNode((node) => {
      const ids = Object.entries(nodeIds(node)).filter(([name]) => name !== driver);
      return { ids: Object.fromEntries(ids), labels: {} };
    }, signal);
  }

  async #changeNode(
    change: (node: Node) => {
      readonly ids: Readonly<Record<string, string>>;
      readonly labels: Readonly<Record<string, string>>;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { client, nodeName } = this.#deps;
    await onConflict(async () => {
      const node = await client.read(nodes, { name: nodeName }, { signal });
      const { ids, labels } = change(node);
      const same = Object.entries(labels).every(([key, value]) => node.metadata.labels?.[key] === value);
      if (same && deepEqual(ids, nodeIds(node))) return;
      const written = Object.keys(ids).length === 0 ? null : JSON.stringify(ids);
      const body = {
        metadata: {
          resourceVersion: node.metadata.resourceVersion,
          annotations: { [nodeIdAnnotation]: written },
          labels,
        },
      };
      await client.patch(nodes, { name: nodeName }, { type: 'merge', body }, { signal });
    });
  }

  async #changeDrivers(
    change: (drivers: readonly CSINodeDriver[]) => readonly CSINodeDriver[],
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#deps;
    await onConflict(async () => {
      const object = await this.#object(signal);
      const drivers = change(object.spec.drivers);
      if (deepEqual(drivers, object.spec.drivers)) return;
      await client.update(csiNodes, { ...object, spec: { drivers } }, { signal });
    });
  }

  /** As it is, or made now. */
  async #object(signal: AbortSignal): Promise<CSINode> {
    const { client, nodeName } = this.#deps;
    try {
      return await client.read(csiNodes, { name: nodeName }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const node = await client.read(nodes, { name: nodeName }, { signal });
    const fresh: CSINode = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: {
        name: nodeName,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid ?? '' }],
      },
      spec: { drivers: [] },
    };
    try {
      return await client.create(csiNodes, fresh, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return client.read(csiNodes, { name: nodeName }, { signal });
    }
  }
}

function nodeIds({ metadata }: Node): Readonly<Record<string, string>> {
  try {
    return JSON.parse(metadata.annotations?.[nodeIdAnnotation] ?? '{}') as Readonly<Record<string, string>>;
  } catch {
    // Somebody wrote there by hand; what drivers say is written anew.
    return {};
  }
}

async function onConflict(act: () => Promise<void>): Promise<void> {
  for (let left = conflictTries; ; left--) {
    try {
      return await act();
    } catch (error) {
      if (!isConflict(error) || left <= 1) throw error;
    }
  }
}
