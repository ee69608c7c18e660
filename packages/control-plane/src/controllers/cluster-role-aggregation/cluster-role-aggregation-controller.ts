import { isDeepStrictEqual } from 'node:util';
import type { ClusterRole, ObjectKey, PolicyRule } from '@geobuk/api';
import { clusterRoles, keyOf, labelSelectorOf, matchesLabels } from '@geobuk/api';
import type { Client, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, settled } from '@geobuk/client';

export interface ClusterRoleAggregationControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
}

/** The rules an aggregating role has: those of all roles it selects, by name, each once. Pure. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): readonly PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map((selector) => labelSelectorOf(selector));
  const sources = [...all]
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .filter(({ metadata }) => selectors.some((selector) => matchesLabels(selector, metadata.labels ?? {})))
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const rule of sources.flatMap((source) => source.rules ?? []))
    if (!rules.some((known) => isDeepStrictEqual(known, rule))) rules.push(rule);
  return rules;
}

/** Fills roles that are made of others, such as `admin`, `edit` and `view`. Follows: clusterrole-aggregation-controller. */
export class ClusterRoleAggregationController implements Controller {
  readonly name = 'clusterrole-aggregation';
  readonly watches;
  readonly #deps: ClusterRoleAggregationControllerDeps;
  readonly #roles: Lister<ClusterRole>;

  constructor(deps: ClusterRoleAggregationControllerDeps) {
    this.#deps = deps;
    this.#roles = deps.informers.of(clusterRoles).lister;
    this.watches = [
      // Any role may be part of any aggregating one, and those are few.
      mapped(clusterRoles, () =>
        this.#roles
          .list()
          .filter(({ aggregationRule }) => aggregationRule !== undefined)
          .map(keyOf),
      ),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const role = this.#roles.get(key); // check
    if (role?.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined) return settled;
    const rules = aggregatedRules(role, this.#roles.list()); // diff
    if (isDeepStrictEqual(rules, role.rules ?? [])) return settled;
    trace.found(`${rules.length} rules in the roles it is made of`);
    await this.#deps.client.update(clusterRoles, { ...role, rules }, { signal }); // act
    trace.did('took them over');
    return settled;
  }
}
