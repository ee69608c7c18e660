import type { ActionId } from './action-table.js';
import { actionIds, actionInfo } from './action-table.js';

/** What a page can do now. */
export type Actions = Partial<Readonly<Record<ActionId, () => void | Promise<void>>>>;

/** Which keys an action has; a person's own bindings over the defaults. */
export class KeyMap {
  readonly #keys: ReadonlyMap<ActionId, readonly string[]>;

  /** `own`: keys by action id; an empty list takes the action its keys. */
  constructor(own: Readonly<Record<string, readonly string[]>> = {}) {
    this.#keys = new Map(actionIds.map((id) => [id, own[id] ?? actionInfo(id).keys]));
  }

  keysOf(id: ActionId): readonly string[] {
    return this.#keys.get(id) ?? [];
  }

  /** The action of a key among those possible; the first set of actions goes before the others. */
  find(key: string, ...sets: readonly Actions[]): (() => void | Promise<void>) | undefined {
    for (const actions of sets) {
      for (const id of Object.keys(actions) as readonly ActionId[]) {
        if (this.keysOf(id).includes(key)) return actions[id];
      }
    }
    return undefined;
  }

  /** Two actions of one page on one key: only the first could ever run. */
  conflicts(actions: readonly ActionId[]): readonly { readonly key: string; readonly ids: readonly ActionId[] }[] {
    const byKey = new Map<string, ActionId[]>();
    for (const id of actions) for (const key of this.keysOf(id)) byKey.set(key, [...(byKey.get(key) ?? []), id]);
    return [...byKey].flatMap(([key, ids]) => (ids.length > 1 ? [{ key, ids }] : []));
  }

  /**
   * Keys that a person's own bindings give to two actions which one page may have: of the same part of the help, or one
   * of them for everywhere.
   */
  sharedKeys(
    own: Readonly<Record<string, readonly string[]>>,
  ): readonly { readonly key: string; readonly ids: readonly ActionId[] }[] {
    const meet = (a: ActionId, b: ActionId): boolean => {
      const groups = [actionInfo(a).group, actionInfo(b).group];
      return groups[0] === groups[1] || groups.includes('general') || groups.includes('navigation');
    };
    const bound = actionIds.filter((id) => own[id] !== undefined);
    return bound.flatMap((id) =>
      this.keysOf(id).flatMap((key) => {
        const others = actionIds.filter(
          (other) =>
            other !== id &&
            this.keysOf(other).includes(key) &&
            meet(id, other) &&
            !(bound.indexOf(other) >= 0 && other < id),
        );
        return others.length === 0 ? [] : [{ key, ids: [id, ...others] }];
      }),
    );
  }
}

/** Ids in a key file that no action has: a mistake to be told of at the start. */
export const unknownActions = (own: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.keys(own).filter((id) => !(actionIds as readonly string[]).includes(id));

const spoken: Readonly<Record<string, string>> = {
  enter: 'Enter',
  escape: 'Esc',
  space: 'Space',
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  tab: 'Tab',
};

/** A key as people read it: `^d`, `N` for Shift-n, `Esc`. */
export function keyLabel(key: string): string {
  if (key.startsWith('C-')) return `^${key.slice(2)}`;
  if (key.startsWith('S-')) {
    const rest = key.slice(2);
    // A capital says Shift, as it does on every keyboard.
    return rest.length === 1 ? rest.toUpperCase() : `Shift-${spoken[rest] ?? rest}`;
  }
  return spoken[key] ?? key;
}
