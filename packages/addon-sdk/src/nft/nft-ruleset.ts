import type { NftTable } from './nftables.js';

export interface NftChain {
  /** Such as `type filter hook forward priority filter`; absent for a chain that is only jumped to. */
  readonly hook?: string | undefined;
  readonly rules: readonly string[];
}

export interface NftSet {
  readonly kind: 'set' | 'map';
  /** Such as `type ipv4_addr . inet_service : verdict`; a changed one wants another name. */
  readonly declaration: string;
  /** Key to value; the value is '' in a set. What the kernel adds by itself is not among them. */
  readonly elements: ReadonlyMap<string, string>;
}

/** What a table should hold, or a part of it. */
export interface NftRuleset {
  readonly chains: ReadonlyMap<string, NftChain>;
  readonly sets: ReadonlyMap<string, NftSet>;
}

export const emptyRuleset: NftRuleset = { chains: new Map(), sets: new Map() };

/** One command may not be of any length. */
const elementsEach = 500;

/**
 * The commands that turn one ruleset into another, in an order in which nothing is referred to before it is there or
 * after it has gone; touches only what differs. To be carried out as one transaction.
 */
export function diffNftRuleset({ family, name }: NftTable, before: NftRuleset, after: NftRuleset): readonly string[] {
  const table = `${family} ${name}`;
  const commands: string[] = [];
  const changed: (readonly [string, NftChain])[] = [];
  for (const [set, { kind, declaration }] of after.sets) {
    if (!before.sets.has(set)) commands.push(`add ${kind} ${table} ${set} { ${declaration} ; }`);
  }
  for (const [chain, wanted] of after.chains) {
    const present = before.chains.get(chain);
    if (present === undefined) {
      const hook = wanted.hook === undefined ? '' : ` { ${wanted.hook} ; policy accept ; }`;
      commands.push(`add chain ${table} ${chain}${hook}`);
    } else if (sameRules(present, wanted)) {
      continue;
    } else {
      commands.push(`flush chain ${table} ${chain}`);
    }
    changed.push([chain, wanted]);
  }
  for (const [set, { elements }] of before.sets) {
    const wanted = after.sets.get(set);
    if (wanted === undefined || wanted.elements === elements) continue;
    const gone = [...elements].filter(([key, value]) => wanted.elements.get(key) !== value).map(([key]) => key);
    commands.push(...elementCommands('delete', table, set, gone));
  }
  for (const [chain, { rules }] of changed)
    for (const rule of rules) commands.push(`add rule ${table} ${chain} ${rule}`);
  for (const [set, { elements }] of after.sets) {
    const present = before.sets.get(set)?.elements;
    if (present === elements) continue;
    const added = [...elements].filter(([key, value]) => present?.get(key) !== value);
    const texts = added.map(([key, value]) => (value === '' ? key : `${key} : ${value}`));
    commands.push(...elementCommands('add', table, set, texts));
  }
  const removed = [...before.chains.keys()].filter((chain) => !after.chains.has(chain));
  const removedSets = [...before.sets].filter(([set]) => !after.sets.has(set));
  // They may jump to each other, and maps that go may name them.
  for (const chain of removed) commands.push(`flush chain ${table} ${chain}`);
  for (const [set, { kind }] of removedSets) commands.push(`delete ${kind} ${table} ${set}`);
  for (const chain of removed) commands.push(`delete chain ${table} ${chain}`);
  return commands;
}

/** Replaces the table by this one, whatever it held, in one transaction: nothing passes unfiltered in between. */
export const replaceNftTable = (table: NftTable, ruleset: NftRuleset): readonly string[] => [
  `add table ${table.family} ${table.name}`,
  `delete table ${table.family} ${table.name}`,
  `add table ${table.family} ${table.name}`,
  ...diffNftRuleset(table, emptyRuleset, ruleset),
];

const sameRules = (one: NftChain, other: NftChain): boolean =>
  one === other ||
  (one.rules.length === other.rules.length && one.rules.every((rule, index) => rule === other.rules[index]));

function elementCommands(verb: 'add' | 'delete', table: string, set: string, texts: readonly string[]): string[] {
  const commands: string[] = [];
  for (let start = 0; start < texts.length; start += elementsEach) {
    commands.push(`${verb} element ${table} ${set} { ${texts.slice(start, start + elementsEach).join(', ')} }`);
  }
  return commands;
}
