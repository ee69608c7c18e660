/** A command line, taken apart. */
export interface Command {
  /** What to show: a resource, or a name of our own such as `fleet`. */
  readonly name: string;
  /** What follows the name and is none of the below: a namespace, or words of the command. */
  readonly args: readonly string[];
  readonly filter?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Contexts to show it from; empty: the present one. */
  readonly contexts: readonly string[];
}

const isLabelTerm = (word: string): boolean => /^[\w./-]+(==?|!=)[\w.,/=!-]*$/.test(word);

/**
 * Takes `RES [NS] [/filter] [-f fuzzy] [-l selector | label=expr | 'a in (b)'] [@context[,context]]` apart, in any order.
 * Follows: k9s' command grammar. Differs: nothing is lower-cased but the name; several contexts and namespaces may be
 * given.
 */
export function parseCommand(text: string): Command | undefined {
  const words = text.trim().match(/'[^']*'|\S+/g) ?? [];
  const first = words[0];
  if (first === undefined) return undefined;
  // A path begins like a filter, and may hold spaces.
  if (/^(dir|d|ls)$/i.test(first)) {
    const path = text.trim().slice(first.length).trim();
    return { name: 'dir', args: path === '' ? [] : [path], contexts: [] };
  }
  const args: string[] = [];
  const contexts: string[] = [];
  let filter: string | undefined;
  let labelSelector: string | undefined;
  for (let index = 1; index < words.length; index += 1) {
    const word = words[index]!;
    const next = words[index + 1];
    if (word.startsWith('@')) contexts.push(...word.slice(1).split(',').filter(Boolean));
    else if (word.startsWith('/')) {
      // A filter may hold spaces: it is the rest of the line, contexts taken out.
      const rest = words.slice(index);
      contexts.push(...rest.flatMap((part) => (part.startsWith('@') ? part.slice(1).split(',') : [])));
      filter = rest
        .filter((part) => !part.startsWith('@'))
        .join(' ')
        .slice(1);
      break;
    } else if (word === '-f' && next !== undefined) {
      filter = `-f ${next}`;
      index += 1;
    } else if (word === '-l' && next !== undefined) {
      labelSelector = next.replaceAll("'", '');
      index += 1;
    } else if (word.startsWith("'")) labelSelector = word.slice(1, -1);
    else if (isLabelTerm(word)) labelSelector = word;
    else args.push(word);
  }
  return { name: first.toLowerCase(), args, filter, labelSelector, contexts };
}

/** Which namespaces a list is of. */
export type NamespaceChoice =
  | { readonly kind: 'all' }
  | { readonly kind: 'one'; readonly name: string }
  | { readonly kind: 'some'; readonly text: string; readonly includes: (namespace: string) => boolean };

export const allNamespaces: NamespaceChoice = { kind: 'all' };

/** Understands `all`, `a`, `a,b`, `a,!kube-*`, `!kube-*`. */
export function parseNamespaces(text: string): NamespaceChoice {
  if (text === '' || text === 'all' || text === '*') return allNamespaces;
  if (!/[,!*]/.test(text)) return { kind: 'one', name: text };
  const parts = text.split(',').filter((part) => part !== '');
  const wanted = parts.filter((part) => !part.startsWith('!')).map(glob);
  const unwanted = parts.filter((part) => part.startsWith('!')).map((part) => glob(part.slice(1)));
  return {
    kind: 'some',
    text,
    includes: (namespace) =>
      (wanted.length === 0 || wanted.some((one) => one.test(namespace))) &&
      !unwanted.some((one) => one.test(namespace)),
  };
}

const glob = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);

export const namespaceText = (choice: NamespaceChoice): string =>
  choice.kind === 'all' ? 'all' : choice.kind === 'one' ? choice.name : choice.text;
