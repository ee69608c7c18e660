import type { Nft, NftRuleset, NftTable } from '@geobuk/addon-sdk';
import { deleteNftTable, diffNftRuleset, emptyRuleset, replaceNftTable } from '@geobuk/addon-sdk';
import type { BaseRulesetOptions } from './base-ruleset.js';
import { baseChains, networkTable } from './base-ruleset.js';

interface Options {
  readonly signal: AbortSignal;
}

/** The addon's table in the kernel: base rules from one loop, policies from another, each change one transaction. */
export class NetworkTable {
  readonly #nft: Nft;
  readonly #table: NftTable;
  #base: NftRuleset = emptyRuleset;
  #policies: NftRuleset = emptyRuleset;
  /** What the kernel has, as far as this process put it there. */
  #present: NftRuleset | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(nft: Nft, clusterId: string) {
    this.#nft = nft;
    this.#table = networkTable(clusterId);
  }

  setBase(base: BaseRulesetOptions, options: Options): Promise<void> {
    this.#base = { chains: baseChains(base), sets: new Map() };
    return this.#inTurn(() => this.#sync(true, options));
  }

  setPolicies(policies: NftRuleset, options: Options): Promise<void> {
    this.#policies = policies;
    return this.#inTurn(() => this.#sync(false, options));
  }

  remove({ signal }: Options): Promise<void> {
    return this.#inTurn(async () => {
      await this.#nft.apply(deleteNftTable(this.#table), { signal });
      this.#present = undefined;
    });
  }

  /** One transaction at a time. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #sync(mustLook: boolean, { signal }: Options): Promise<void> {
    const wanted: NftRuleset = {
      chains: new Map([...this.#base.chains, ...this.#policies.chains]),
      sets: this.#policies.sets,
    };
    const present = this.#present;
    this.#present = undefined;
    if (present === undefined || (mustLook && !(await this.#nft.hasTable(this.#table, { signal }))))
      await this.#nft.apply(replaceNftTable(this.#table, wanted), { signal });
    else await this.#nft.apply(diffNftRuleset(this.#table, present, wanted), { signal });
    this.#present = wanted;
  }
}
