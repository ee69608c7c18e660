import type { KubernetesObject, OwnerReference, ResourceType } from '@geobuk/api';

/** One object as the collector knows it. */
export interface GraphNode {
  readonly uid: string;
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly deleting: boolean;
}

/** Who owns whom, over all kinds. Dependants of owners that were never seen are known as well. */
export class OwnershipGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependants = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  get size(): number {
    return this.#nodes.size;
  }

  put(type: ResourceType, object: KubernetesObject): GraphNode {
    const {
      uid = '',
      namespace,
      name = '',
      ownerReferences = [],
      finalizers = [],
      deletionTimestamp,
    } = object.metadata;
    const before = this.#nodes.get(uid);
    const node: GraphNode = {
      uid,
      type,
      namespace,
      name,
      owners: ownerReferences,
      finalizers,
      deleting: deletionTimestamp !== undefined,
    };
    this.#nodes.set(uid, node);
    if (before?.owners !== ownerReferences) {
      for (const owner of before?.owners ?? []) this.#unlink(owner.uid, uid);
      for (const owner of ownerReferences) this.#link(owner.uid, uid);
    }
    return node;
  }

  remove(uid: string): void {
    const node = this.#nodes.get(uid);
    if (node === undefined) return;
    this.#nodes.delete(uid);
    for (const owner of node.owners) this.#unlink(owner.uid, uid);
  }

  dependantsOf(uid: string): readonly GraphNode[] {
    const found: GraphNode[] = [];
    for (const dependant of this.#dependants.get(uid) ?? []) {
      const node = this.#nodes.get(dependant);
      if (node !== undefined) found.push(node);
    }
    return found;
  }

  #link(owner: string, dependant: string): void {
    const set = this.#dependants.get(owner);
    if (set === undefined) this.#dependants.set(owner, new Set([dependant]));
    else set.add(dependant);
  }

  #unlink(owner: string, dependant: string): void {
    const set = this.#dependants.get(owner);
    set?.delete(dependant);
    if (set?.size === 0) this.#dependants.delete(owner);
  }
}
