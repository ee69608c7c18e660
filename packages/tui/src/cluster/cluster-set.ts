import { Cluster } from './cluster.js';
import type { ClusterDeps } from './cluster.js';
import { ClusterFacts } from './cluster-facts.js';
import type { ContextIdentity } from './connection.js';

export interface ClusterSetDeps extends Omit<ClusterDeps, 'identity' | 'connect'> {
  readonly contexts: readonly ContextIdentity[];
  readonly connect: (identity: ContextIdentity, signal: AbortSignal) => ReturnType<ClusterDeps['connect']>;
  /** Something that is on the screen may have changed. */
  readonly changed: () => void;
}

interface Member {
  readonly cluster: Cluster;
  readonly facts: ClusterFacts;
}

/** The contexts of a kubeconfig; each becomes a live cluster when it is first asked for, and stays one. */
export class ClusterSet {
  readonly #deps: ClusterSetDeps;
  readonly #members = new Map<string, Member>();
  readonly #running: Promise<void>[] = [];
  #signal: AbortSignal | undefined;

  constructor(deps: ClusterSetDeps) {
    this.#deps = deps;
  }

  get contexts(): readonly ContextIdentity[] {
    return this.#deps.contexts;
  }

  /** @throws {Error} a context the kubeconfig does not have. */
  get(context: string): Cluster {
    return this.#member(context).cluster;
  }

  facts(cluster: Cluster): ClusterFacts {
    return this.#member(cluster.identity.context).facts;
  }

  has(context: string): boolean {
    return this.#deps.contexts.some((identity) => identity.context === context);
  }

  /** Runs every member, also those asked for later. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const member of this.#members.values()) this.#start(member, signal);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.all(this.#running);
  }

  #member(context: string): Member {
    const known = this.#members.get(context);
    if (known !== undefined) return known;
    const identity = this.#deps.contexts.find((one) => one.context === context);
    if (identity === undefined) throw new Error(`no context ${context} in the kubeconfig`);
    const { connect, changed, ...deps } = this.#deps;
    const cluster = new Cluster({ ...deps, identity, connect: (signal) => connect(identity, signal) });
    cluster.onChange(changed);
    const member = { cluster, facts: new ClusterFacts({ cluster, clock: deps.clock, changed }) };
    this.#members.set(context, member);
    if (this.#signal !== undefined) this.#start(member, this.#signal);
    return member;
  }

  #start({ cluster, facts }: Member, signal: AbortSignal): void {
    // Both end with the signal and keep their failures as state; nothing is thrown that has to be seen here.
    this.#running.push(cluster.run(signal), facts.run(signal));
  }
}
