import type { KubernetesObject, Namespace, NamespaceCondition, ObjectKey, ResourceType } from '@geobuk/api';
import { ignoring, isConflict, isNotFound, namespaces, qualifiedName } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { primary, settled } from '@geobuk/client';
import { rfc3339 } from '../rfc3339.js';

export interface NamespaceControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  /** Everything the server has now, CRDs included. */
  readonly discover: () => readonly ResourceType[];
}

/** What is left takes its time (pods with a grace period, finalizers); nothing announces that it is the last. */
const lookAgainMs = 1_000;

/**
 * Empties a terminating namespace and then takes off the `kubernetes` finalizer.
 * Follows: namespace controller (every namespaced resource that can be listed and deleted, conditions tell what remains).
 */
export class NamespaceController implements Controller {
  readonly name = 'namespace';
  readonly watches = [primary(namespaces)];
  readonly concurrency = 10;
  readonly #deps: NamespaceControllerDeps;
  readonly #namespaces: Lister<Namespace>;

  constructor(deps: NamespaceControllerDeps) {
    this.#deps = deps;
    this.#namespaces = deps.informers.of(namespaces).lister;
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client } = this.#deps;
    const namespace = this.#namespaces.get(key); // check
    if (namespace?.metadata.deletionTimestamp === undefined) return settled;
    const finalizers = namespace.spec.finalizers ?? [];
    if (!finalizers.includes('kubernetes')) return settled;

    const { left, failures } = await this.#empty(key.name, signal);
    if (left.length > 0 || failures.length > 0) {
      trace.found(`still there: ${left.map(({ type, items }) => `${items.length} ${qualifiedName(type)}`).join(', ')}`);
      await this.#report(namespace, left, failures, signal);
      if (failures.length > 0) throw new AggregateError(failures, `namespace ${key.name} could not be emptied`);
      return { requeueAfterMs: lookAgainMs };
    }
    const rest = finalizers.filter((finalizer) => finalizer !== 'kubernetes');
    const body = { ...namespace, spec: { ...namespace.spec, finalizers: rest } };
    await client
      .updateSubresource(namespaces as ResourceType, key, 'finalize', body, { signal })
      .catch(ignoring(isNotFound));
    trace.did('removed the finalizer: the namespace is gone');
    return settled;
  }

  /** Deletes all there is, pods before what they may need to end well; returns what stays for now. */
  async #empty(namespace: string, signal: AbortSignal): Promise<Emptied> {
    const types = oneVersionEach(
      this.#deps
        .discover()
        .filter((type) => type.namespaced && type.verbs.includes('list') && type.verbs.includes('delete')),
    );
    const isPods = (type: ResourceType): boolean => qualifiedName(type) === 'pods';
    const first = await this.#emptyOf(types.filter(isPods), namespace, signal);
    if (first.left.length > 0 || first.failures.length > 0) return first;
    return this.#emptyOf(
      types.filter((type) => !isPods(type)),
      namespace,
      signal,
    );
  }

  /** A kind that cannot be read or deleted now does not keep the others from going. */
  async #emptyOf(types: readonly ResourceType[], namespace: string, signal: AbortSignal): Promise<Emptied> {
    const { client } = this.#deps;
    const left: Leftover[] = [];
    const results = await Promise.allSettled(
      types.map(async (type) => {
        const { items } = await client.list(type, { namespace, signal });
        if (items.length === 0) return;
        if (items.some((item) => item.metadata.deletionTimestamp === undefined)) {
          await client
            .deleteCollection(type, { namespace, signal, propagationPolicy: 'Background' })
            .catch(ignoring(isNotFound));
        }
        const after = await client.list(type, { namespace, signal });
        if (after.items.length > 0) left.push({ type, items: after.items });
      }),
    );
    signal.throwIfAborted();
    return {
      left,
      failures: results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : [])),
    };
  }

  async #report(
    namespace: Namespace,
    left: readonly Leftover[],
    failures: readonly unknown[],
    signal: AbortSignal,
  ): Promise<void> {
    const { client, clock } = this.#deps;
    const wishes = leftoverConditions(left, failures);
    const conditions = mergeConditions(namespace.status?.conditions ?? [], wishes, clock.now());
    if (conditions === namespace.status?.conditions) return;
    const body = { ...namespace, status: { ...namespace.status, phase: 'Terminating', conditions } };
    await client
      .updateStatus(namespaces, body, { signal })
      .catch(ignoring((error) => isConflict(error) || isNotFound(error)));
  }
}

interface Emptied {
  readonly left: readonly Leftover[];
  /** What went wrong, by kind. */
  readonly failures: readonly unknown[];
}

interface Leftover {
  readonly type: ResourceType;
  readonly items: readonly KubernetesObject[];
}

/** The same objects are served in several versions: one is enough. */
function oneVersionEach(types: readonly ResourceType[]): readonly ResourceType[] {
  const seen = new Set<string>();
  return types.filter((type) => {
    const name = qualifiedName(type);
    // Core events and events.k8s.io are the same objects.
    const id = name === 'events.events.k8s.io' ? 'events' : name;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

type ConditionWish = Pick<NamespaceCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Follows: the five conditions of namespaceConditionUpdater. */
export function leftoverConditions(
  left: readonly Leftover[],
  failures: readonly unknown[] = [],
): readonly ConditionWish[] {
  const counts = left.map(({ type, items }) => `${type.plural}.${type.group} has ${items.length} resource instances`);
  const finalizers = new Map<string, number>();
  for (const item of left.flatMap(({ items }) => items)) {
    for (const finalizer of item.metadata.finalizers ?? [])
      finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  }
  const remaining = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    failures.length === 0
      ? {
          type: 'NamespaceDeletionContentFailure',
          status: 'False',
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        }
      : {
          type: 'NamespaceDeletionContentFailure',
          status: 'True',
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, ${failures.length} remaining: ${failures
            .map((failure) => (failure instanceof Error ? failure.message : String(failure)))
            .join(', ')}`,
        },
    counts.length === 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${counts.join(', ')}`,
        },
    remaining.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${remaining.join(', ')}`,
        },
  ];
}

function mergeConditions(
  before: readonly NamespaceCondition[],
  wishes: readonly ConditionWish[],
  now: number,
): readonly NamespaceCondition[] {
  let changed = false;
  const merged = wishes.map((wish) => {
    const known = before.find(({ type }) => type === wish.type);
    if (known?.status === wish.status && known.reason === wish.reason && known.message === wish.message) return known;
    changed = true;
    return { ...wish, lastTransitionTime: known?.status === wish.status ? known.lastTransitionTime : rfc3339(now) };
  });
  return changed ? merged : before;
}
