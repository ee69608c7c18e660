import type { NftChain, NftRuleset, NftSet } from '@geobuk/addon-sdk';
import type { BaseRulesetOptions, SharedSet } from './base-ruleset.js';
import { baseChains, sharedSet, sharedSets } from './base-ruleset.js';
import { ElementClaims } from './element-claims.js';
import type { ServiceRules } from './service-ruleset.js';

/** Two views of the same part of the table: as it was and as it shall be. */
export interface RulesetChange {
  readonly before: NftRuleset;
  readonly after: NftRuleset;
}

/** What the whole table should hold; changes cost as much as the Services that changed, not as all of them. */
export class ProxyRuleset {
  readonly #services = new Map<string, ServiceRules>();
  readonly #claims = new ElementClaims();
  /** Shared chains with the Services that use them. */
  readonly #shared = new Map<string, { readonly chain: NftChain; readonly users: Set<string> }>();

  /** Takes over new rules of some Services (undefined: the Service is gone). */
  change(changes: ReadonlyMap<string, ServiceRules | undefined>): RulesetChange {
    const touched = new Map<SharedSet, Set<string>>();
    for (const [service, rules] of changes) {
      for (const [set, key] of [...(this.#services.get(service)?.elements ?? []), ...(rules?.elements ?? [])]) {
        const keys = touched.get(set) ?? new Set();
        touched.set(set, keys.add(key));
      }
    }
    const services = [...changes.keys()];
    const chains = new Set(
      [...changes].flatMap(([service, rules]) => [
        ...(this.#services.get(service)?.shared.keys() ?? []),
        ...(rules?.shared.keys() ?? []),
      ]),
    );
    const before = this.#part(services, touched, chains);
    for (const [service, rules] of changes) {
      for (const [set, key] of this.#services.get(service)?.elements ?? []) this.#claims.release(service, set, key);
      for (const [set, key, value] of rules?.elements ?? []) this.#claims.claim(service, set, key, value);
      this.#share(service, rules);
      if (rules === undefined) this.#services.delete(service);
      else this.#services.set(service, rules);
    }
    return { before, after: this.#part(services, touched, chains) };
  }

  whole(options: BaseRulesetOptions): NftRuleset {
    const chains = new Map<string, NftChain>(baseChains(options));
    const names = Object.keys(sharedSets) as SharedSet[];
    const sets = new Map<string, NftSet>(names.map((name) => [name, sharedSet(name, this.#claims.standing(name))]));
    for (const [name, { chain }] of this.#shared) chains.set(name, chain);
    for (const rules of this.#services.values()) {
      for (const [name, chain] of rules.chains) chains.set(name, chain);
      for (const [name, set] of rules.sets) sets.set(name, set);
    }
    return { chains, sets };
  }

  /** Before the Service's rules are replaced: leaves the chains it used and enters those it will use. */
  #share(service: string, rules: ServiceRules | undefined): void {
    for (const name of this.#services.get(service)?.shared.keys() ?? []) {
      const users = this.#shared.get(name)?.users;
      users?.delete(service);
      if (users?.size === 0) this.#shared.delete(name);
    }
    for (const [name, chain] of rules?.shared ?? []) {
      const known = this.#shared.get(name) ?? { chain, users: new Set() };
      this.#shared.set(name, known);
      known.users.add(service);
    }
  }

  #part(
    services: readonly string[],
    touched: ReadonlyMap<SharedSet, ReadonlySet<string>>,
    shared: ReadonlySet<string>,
  ): NftRuleset {
    const chains = new Map<string, NftChain>();
    const sets = new Map<string, NftSet>();
    for (const service of services) {
      const rules = this.#services.get(service);
      for (const [name, chain] of rules?.chains ?? []) chains.set(name, chain);
      for (const [name, set] of rules?.sets ?? []) sets.set(name, set);
    }
    for (const name of shared) {
      const known = this.#shared.get(name);
      if (known !== undefined) chains.set(name, known.chain);
    }
    for (const [name, keys] of touched) {
      const elements = new Map<string, string>();
      for (const key of keys) {
        const value = this.#claims.get(name, key);
        if (value !== undefined) elements.set(key, value);
      }
      sets.set(name, sharedSet(name, elements));
    }
    return { chains, sets };
  }
}
