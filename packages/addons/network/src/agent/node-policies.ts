import { namespaces, networkPolicies, pods } from '@geobuk/api';
import type { Namespace, NetworkPolicy, Pod } from '@geobuk/api';
import type { Controller, Informers, Lister, ReconcileContext, ReconcileResult, WatchSource } from '@geobuk/client';
import { mapped } from '@geobuk/client';
import type { NetworkTable } from './network-table.js';
import { policyRuleset } from './policy-ruleset.js';

export interface NodePoliciesDeps {
  readonly nodeName: string;
  readonly informers: Informers;
  readonly table: NetworkTable;
}

/** Enforces NetworkPolicies for the pods of this node; each pass is one transaction of what differs. */
export class NodePolicies implements Controller<'policies'> {
  readonly name = 'node-policies';
  readonly watches: readonly WatchSource<'policies'>[];
  readonly concurrency = 1;
  readonly #deps: NodePoliciesDeps;
  readonly #policies: Lister<NetworkPolicy>;
  readonly #pods: Lister<Pod>;
  readonly #namespaces: Lister<Namespace>;

  constructor(deps: NodePoliciesDeps) {
    this.#deps = deps;
    this.#policies = deps.informers.of(networkPolicies).lister;
    this.#pods = deps.informers.of(pods).lister;
    this.#namespaces = deps.informers.of(namespaces).lister;
    const all = (): readonly ['policies'] => ['policies'];
    this.watches = [
      mapped(networkPolicies, all),
      mapped(namespaces, (now, before) => (sameLabels(now, before) ? [] : ['policies'])),
      mapped(pods, (now, before) => (isAlike(now, before) ? [] : ['policies'])),
    ];
  }

  async reconcile(_key: 'policies', { signal }: ReconcileContext): Promise<ReconcileResult> {
    const wanted = policyRuleset({
      policies: this.#policies.list(),
      pods: this.#pods.list(),
      namespaces: this.#namespaces.list(),
      nodeName: this.#deps.nodeName,
    });
    await this.#deps.table.setPolicies(wanted, { signal });
    return {};
  }
}

const sameLabels = (now: Namespace | Pod | undefined, before: Namespace | Pod | undefined): boolean =>
  JSON.stringify(now?.metadata.labels) === JSON.stringify(before?.metadata.labels) &&
  (now === undefined) === (before === undefined);

/** Most changes of a pod are of its status alone and move no packet. */
const isAlike = (now: Pod | undefined, before: Pod | undefined): boolean =>
  sameLabels(now, before) &&
  now?.status?.podIP === before?.status?.podIP &&
  now?.status?.phase === before?.status?.phase &&
  now?.spec.nodeName === before?.spec.nodeName;
