import type { Memory } from '../config/memory.js';
import type { Personal } from '../config/personal.js';
import { namespaceText, parseNamespaces } from '../command/parse-command.js';
import type { NamespaceChoice } from '../command/parse-command.js';

export interface NamespaceChoicesDeps {
  readonly personal: () => Personal;
  readonly memory: Memory;
  /** The namespace the kubeconfig gives a context. */
  readonly usual: (context: string) => string;
}

const mostFavourites = 9;

/** Which namespaces each context's lists are of, and which stand on the number keys. */
export class NamespaceChoices {
  readonly #deps: NamespaceChoicesDeps;
  readonly #chosen = new Map<string, NamespaceChoice>();
  readonly #favourites = new Map<string, readonly string[]>();

  constructor(deps: NamespaceChoicesDeps) {
    this.#deps = deps;
  }

  /** Chosen now, else last time, else where k9s was, else what the kubeconfig says. */
  of(context: string): NamespaceChoice {
    const { memory, personal, usual } = this.#deps;
    return (
      this.#chosen.get(context) ??
      parseNamespaces(memory.of(context).namespace ?? personal().of(context).namespace ?? usual(context))
    );
  }

  use(context: string, choice: NamespaceChoice): void {
    const { memory, personal } = this.#deps;
    this.#chosen.set(context, choice);
    const favourites = this.#favouritesOf(context);
    const isNew = choice.kind === 'one' && !favourites.includes(choice.name);
    if (isNew && !personal().of(context).lockFavourites)
      this.#favourites.set(context, [choice.name, ...favourites].slice(0, mostFavourites));
    memory.keep(context, { namespace: namespaceText(choice), favourites: this.#favouritesOf(context) });
  }

  /** Begins with these, whatever was kept. */
  begin(context: string, choice: NamespaceChoice | undefined, favourites: readonly string[] | undefined): void {
    if (choice !== undefined) this.#chosen.set(context, choice);
    if (favourites !== undefined) this.#favourites.set(context, favourites);
  }

  isFavourite(context: string, namespace: string): boolean {
    return this.#favouritesOf(context).includes(namespace);
  }

  /** Favourites first, then what else there is, so that a fresh cluster has number keys too. */
  numbered(context: string, existing: readonly string[]): readonly string[] {
    const known = this.#favouritesOf(context).filter((name) => existing.length === 0 || existing.includes(name));
    return [...known, ...existing.filter((name) => !known.includes(name))].slice(0, mostFavourites);
  }

  #favouritesOf(context: string): readonly string[] {
    const { memory, personal, usual } = this.#deps;
    const set = personal().of(context).favourites;
    return (
      this.#favourites.get(context) ??
      memory.of(context).favourites ??
      (set.length > 0 ? set : [...new Set([usual(context), 'default'])])
    );
  }
}
