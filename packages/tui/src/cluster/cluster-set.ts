import { Cluster } from './cluster.js';
import type { ClusterDeps } from './cluster.js';
import { ClusterFacts } from './cluster-facts.js';
import type { ContextIdentity } from './connection.js';

export interface ClusterSetDeps extends Omit<ClusterDeps, 'identity' | 'connect' | 'readOnly'> {
  readonly contexts: readonly ContextIdentity[];
  readonly connect: (identity: ContextIdentity, signal: AbortSignal) => ReturnType<ClusterDeps['connect']>;
  /** Whether a context is only looked at. */
  readonly readOnly: (context: string) => boolean;
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
  #contexts: readonly ContextIdentity[];
  #signal: AbortSignal | undefined;

  constructor(deps: ClusterSetDeps) {
    this.#deps = deps;
    this.#contexts = deps.contexts;
  }

  get contexts(): readonly ContextIdentity[] {
    return this.#contexts;
  }

  /** The kubeconfig has changed. Clusters that are shown stay as they are. */
  replace(contexts: readonly ContextIdentity[]): void {
    this.#contexts = contexts;
  }

  /** @throws {Error} a context the kubeconfig does not have. */
  get(context: string): Cluster {
    return this.#member(context).cluster;
  }

  facts(cluster: Cluster): ClusterFacts {
    return this.#member(cluster.identity.context).facts;
  }

  has(context: string): boolean {
    return this.#contexts.some((identity) => identity.context === context);
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
    const identity = this.#contexts.find((one) => one.context === context);
    if (identity === undefined) throw new Error(`no context ${context} in the kubeconfig`);
    const { connect, changed, readOnly, clock, random } = this.#deps;
    const cluster = new Cluster({
      identity,
      clock,
      random,
      readOnly: readOnly(context),
      connect: (signal) => connect(identity, signal),
    });
    cluster.onChange(changed);
    const member = { cluster, facts: new ClusterFacts({ cluster, clock, changed }) };
    this.#members.set(context, member);
    if (this.#signal !== undefined) this.#start(member, this.#signal);
    return member;
  }

  #start({ cluster, facts }: Member, signal: AbortSignal): void {
    // Both end with the signal and keep their failures as state; nothing is thrown that has to be seen here.
    this.#running.push(cluster.run(signal), facts.run(signal));
  }
}
