import type { Logger } from 'pino';
import type { CustomResourceDefinition, KubernetesObject, OwnerReference, ResourceType } from '@geobuk/api';
import { apiVersionOf, customResourceDefinitions, ignoring, isNotFound, qualifiedName } from '@geobuk/api';
import type { Client, Clock, Informers, KeyRunner, LoopState, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { allSettledOrThrow, createKeyRunner, settled } from '@geobuk/client';
import type { OwnerState } from './collection-diff.js';
import { diffOwners, foregroundFinalizer, orphanFinalizer } from './collection-diff.js';
import type { GraphNode } from './ownership-graph.js';
import { OwnershipGraph } from './ownership-graph.js';

export interface GarbageCollectorDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  /** Everything the server has now, CRDs included. */
  readonly discover: () => readonly ResourceType[];
}

/** Kinds that own nothing, are owned by nothing, and change all the time. Follows: the collector's ignored resources. */
const ignored = new Set(['events', 'events.events.k8s.io', 'componentstatuses', 'leases.coordination.k8s.io']);

/**
 * Deletes what has lost its last owner, and carries out foreground and orphaning deletion.
 * Follows: garbage collector. Works on keys of any kind by uid, so it has a runner of its own.
 */
export class GarbageCollector {
  readonly #deps: GarbageCollectorDeps;
  readonly #graph = new OwnershipGraph();
  readonly #runner: KeyRunner<string>;
  readonly #watched = new Set<string>();

  constructor(deps: GarbageCollectorDeps) {
    this.#deps = deps;
    this.#runner = createKeyRunner<string>({
      name: 'garbage-collector',
      reconcile: (uid, context) => this.reconcile(uid, context),
      clock: deps.clock,
      log: deps.log.child({ controller: 'garbage-collector' }),
      concurrency: 20,
      interruptible: false,
      idOf: (uid) => uid,
    });
    for (const type of deps.discover()) this.#watch(type);
    // A new kind of custom resource is watched as soon as it is served.
    deps.informers.of(customResourceDefinitions).subscribe({
      changed: (crd) => {
        if (crd !== undefined && isEstablished(crd)) for (const type of deps.discover()) this.#watch(type);
      },
    });
  }

  loops(): readonly LoopState[] {
    return [this.#runner.loop()];
  }

  async run(signal: AbortSignal): Promise<void> {
    // Before all is known, an owner that was not listed yet would look absent.
    await this.#deps.informers.whenSynced(signal).catch(() => undefined);
    if (!signal.aborted) await this.#runner.run(signal);
  }

  async reconcile(uid: string, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const node = this.#graph.get(uid); // check
    if (node === undefined) return settled;
    if (node.deleting) {
      if (node.finalizers.includes(orphanFinalizer)) await this.#orphanDependants(node, signal, trace);
      else if (node.finalizers.includes(foregroundFinalizer)) await this.#finishForeground(node, signal, trace);
      return settled;
    }
    if (node.owners.length === 0) return settled;
    const owners = await Promise.all(node.owners.map((reference) => this.#ownerState(node, reference, signal)));
    const plan = diffOwners(node, owners, this.#graph.dependantsOf(uid).length > 0); // diff
    switch (plan.kind) {
      case 'nothing':
        return settled;
      case 'unreference':
        trace.found(`${plan.uids.length} of its owners are gone`);
        await this.#dropOwners(node, plan.uids, signal);
        trace.did('removed the references');
        return settled;
      case 'delete':
        trace.found('its last owner is gone');
        if (plan.propagationPolicy === 'Foreground') await this.#unblockCycle(node, signal);
        await this.#deps.client
          .delete(node.type, keyOfNode(node), { signal, uid, propagationPolicy: plan.propagationPolicy })
          .catch(ignoring(isNotFound));
        trace.did(`deleted ${node.type.singular} ${node.name}`);
        return settled;
      default:
        return plan satisfies never;
    }
  }

  #watch(type: ResourceType): void {
    const id = `${qualifiedName(type)}`;
    if (this.#watched.has(id) || ignored.has(id)) return;
    if (!['list', 'watch', 'delete'].every((verb) => type.verbs.some((served) => served === verb))) return;
    this.#watched.add(id);
    this.#deps.informers.of(type).subscribe({ changed: (now, before) => this.#changed(type, now, before) });
  }

  #changed(type: ResourceType, now: KubernetesObject | undefined, before: KubernetesObject | undefined): void {
    if (now === undefined || (before !== undefined && before.metadata.uid !== now.metadata.uid)) {
      const uid = before?.metadata.uid ?? '';
      const node = this.#graph.get(uid);
      this.#graph.remove(uid);
      for (const dependant of this.#graph.dependantsOf(uid)) this.#runner.add(dependant.uid);
      // An owner that waits in the foreground has one dependant less.
      for (const owner of node?.owners ?? [])
        if (this.#graph.get(owner.uid)?.deleting === true) this.#runner.add(owner.uid);
    }
    if (now === undefined) return;
    const former = this.#graph.get(now.metadata.uid ?? '')?.owners ?? [];
    const node = this.#graph.put(type, now);
    // An owner that waits in the foreground may have been let go by this one.
    for (const owner of former) if (this.#graph.get(owner.uid)?.deleting === true) this.#runner.add(owner.uid);
    if (node.deleting && (node.finalizers.includes(orphanFinalizer) || node.finalizers.includes(foregroundFinalizer))) {
      this.#runner.add(node.uid);
    }
    for (const owner of node.owners) {
      const known = this.#graph.get(owner.uid);
      if (known === undefined || known.deleting || !reaches(known, node)) this.#runner.add(node.uid);
      if (known?.deleting === true) this.#runner.add(known.uid);
    }
  }

  /** Believes the graph for presence, but never for absence: that is asked of the server. */
  async #ownerState(node: GraphNode, reference: OwnerReference, signal: AbortSignal): Promise<OwnerState> {
    const known = this.#graph.get(reference.uid);
    if (known !== undefined && reaches(known, node)) return { reference, state: stateOf(known) };
    const type = this.#deps
      .discover()
      .find((candidate) => candidate.kind === reference.kind && apiVersionOf(candidate) === reference.apiVersion);
    // A kind that is not served now may come back: keep its dependants.
    if (type === undefined)
      throw new Error(`owner ${reference.kind} ${reference.name}: no such kind in ${reference.apiVersion}`);
    const key = type.namespaced ? { namespace: node.namespace, name: reference.name } : { name: reference.name };
    if (type.namespaced && node.namespace === undefined) return { reference, state: 'absent' };
    const owner = await this.#deps.client.read(type, key, { signal }).catch(ignoring(isNotFound));
    if (owner === undefined || owner.metadata.uid !== reference.uid) return { reference, state: 'absent' };
    return { reference, state: stateOf(this.#graph.put(type, owner)) };
  }

  async #orphanDependants(node: GraphNode, signal: AbortSignal, trace: ReconcileContext['trace']): Promise<void> {
    const dependants = this.#graph.dependantsOf(node.uid);
    trace.found(`${dependants.length} dependants to let go`);
    await allSettledOrThrow(dependants.map((dependant) => this.#dropOwners(dependant, [node.uid], signal)));
    await this.#dropFinalizer(node, orphanFinalizer, signal);
    trace.did('removed their references and the finalizer');
  }

  async #finishForeground(node: GraphNode, signal: AbortSignal, trace: ReconcileContext['trace']): Promise<void> {
    const dependants = this.#graph.dependantsOf(node.uid);
    const blocking = dependants.filter(({ owners }) =>
      owners.some((owner) => owner.uid === node.uid && owner.blockOwnerDeletion === true),
    );
    if (blocking.length > 0) {
      trace.found(`${blocking.length} dependants still there`);
      for (const dependant of dependants) if (!dependant.deleting) this.#runner.add(dependant.uid);
      return;
    }
    await this.#dropFinalizer(node, foregroundFinalizer, signal);
    trace.did('all dependants are gone: removed the finalizer');
  }

  /**
   * An object whose dependant already waits for dependants of its own may stand in a circle: it must hold up none of its owners,
   * or all of them would wait for each other. Follows: attemptToDeleteItem (unblocks the owner references).
   */
  async #unblockCycle(node: GraphNode, signal: AbortSignal): Promise<void> {
    const circular = this.#graph
      .dependantsOf(node.uid)
      .some(({ deleting, finalizers }) => deleting && finalizers.includes(foregroundFinalizer));
    if (!circular) return;
    await this.#edit(node, signal, (metadata) => ({
      ownerReferences: (metadata.ownerReferences ?? []).map((owner) => ({ ...owner, blockOwnerDeletion: false })),
    }));
  }

  /** A JSON patch with tests would need the index; the current object is read and compared-and-swapped instead. */
  async #dropOwners(node: GraphNode, uids: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#edit(node, signal, (metadata) => {
      const ownerReferences = (metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid));
      return { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences };
    });
  }

  async #dropFinalizer(node: GraphNode, finalizer: string, signal: AbortSignal): Promise<void> {
    await this.#edit(node, signal, (metadata) => ({
      finalizers: (metadata.finalizers ?? []).filter((name) => name !== finalizer),
    }));
  }

  async #edit(
    node: GraphNode,
    signal: AbortSignal,
    change: (metadata: KubernetesObject['metadata']) => object,
  ): Promise<void> {
    const { client } = this.#deps;
    const current = await client.read(node.type, keyOfNode(node), { signal }).catch(ignoring(isNotFound));
    if (current === undefined || current.metadata.uid !== node.uid) return;
    const { uid, resourceVersion } = current.metadata;
    const body = { metadata: { uid, resourceVersion, ...change(current.metadata) } };
    await client.patch(node.type, keyOfNode(node), { type: 'merge', body }, { signal }).catch(ignoring(isNotFound));
  }
}

const keyOfNode = (node: GraphNode): { namespace?: string | undefined; name: string } =>
  node.namespace === undefined ? { name: node.name } : { namespace: node.namespace, name: node.name };

/** Whether it blocks its owner or not, a dependant goes along with an owner that is deleted in the foreground. */
const stateOf = (owner: GraphNode): OwnerState['state'] =>
  owner.deleting && owner.finalizers.includes(foregroundFinalizer) ? 'deletingForeground' : 'present';

/** A reference names an object of the same namespace or of none. */
const reaches = (owner: GraphNode, dependant: GraphNode): boolean =>
  !owner.type.namespaced || owner.namespace === dependant.namespace;

const isEstablished = (crd: CustomResourceDefinition): boolean =>
  crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
