import type { Catalog } from '../cluster/catalog.js';
import { fuzzyScore } from '../table/fuzzy.js';

/** One line of the palette. */
export interface Suggestion {
  /** What Enter runs. */
  readonly command: string;
  readonly description: string;
  readonly kind: 'view' | 'resource' | 'namespace' | 'context' | 'action' | 'history';
}

export interface SuggestionSources {
  readonly catalog: Catalog;
  readonly namespaces: readonly string[];
  readonly contexts: readonly string[];
  /** Views of our own: name and what they show. */
  readonly views: readonly { readonly name: string; readonly description: string }[];
  /** Actions of the page under the prompt. */
  readonly actions: readonly { readonly label: string; readonly key: string }[];
  readonly history: readonly string[];
}

const most = 8;

/**
 * What the typed text could mean, best first: an exact name or alias always leads, then views, kinds, actions by how
 * well they match; after a kind and a space namespaces, after `@` contexts.
 */
export function suggest(text: string, sources: SuggestionSources): readonly Suggestion[] {
  const lastSpace = text.lastIndexOf(' ');
  const last = text.slice(lastSpace + 1);
  const before = text.slice(0, lastSpace + 1);
  if (text.trim() === '') {
    return sources.history.slice(0, most).map((command) => ({ command, description: '', kind: 'history' }));
  }
  if (last.startsWith('@')) {
    const asked = last.slice(1).split(',');
    const typed = asked.pop() ?? '';
    const given = asked.map((name) => `${name},`).join('');
    return ranked(typed, sources.contexts).map((name) => ({
      command: `${before}@${given}${name}`,
      description: 'context',
      kind: 'context',
    }));
  }
  if (lastSpace >= 0) return afterName(before, last, sources);
  return names(text, sources);
}

function afterName(before: string, last: string, { namespaces, contexts }: SuggestionSources): readonly Suggestion[] {
  const isContext = /^(ctx|contexts?)\s/.test(before);
  return ranked(last, isContext ? contexts : ['all', ...namespaces]).map((name) => ({
    command: before + name,
    description: isContext ? 'context' : 'namespace',
    kind: isContext ? 'context' : 'namespace',
  }));
}

function names(text: string, { catalog, views, actions }: SuggestionSources): readonly Suggestion[] {
  const scored: { readonly score: number; readonly suggestion: Suggestion }[] = [];
  for (const { name, description } of views) {
    const score = fuzzyScore(text, name);
    if (score !== undefined)
      scored.push({ score: score + 5, suggestion: { command: name, description, kind: 'view' } });
  }
  const exact = catalog.find(text);
  const seen = new Set<string>();
  for (const type of catalog.types) {
    // Versions of one kind are one line.
    const id = `${type.plural}.${type.group}`;
    if (seen.has(id)) continue;
    seen.add(id);
    const unique = catalog.find(type.plural)?.group === type.group ? type.plural : id;
    const scores = [unique, type.singular, ...type.shortNames].map((name) => fuzzyScore(text, name) ?? -1);
    const score = type === exact ? 20_000 : Math.max(...scores);
    if (score < 0) continue;
    const short = type.shortNames.length === 0 ? '' : ` (${type.shortNames.join(', ')})`;
    const description = `${type.kind}${short}${type.group === '' ? '' : ` · ${type.group}`}`;
    scored.push({ score, suggestion: { command: unique, description, kind: 'resource' } });
  }
  for (const { label, key } of actions) {
    const score = fuzzyScore(text, label);
    if (score !== undefined && score > 0) {
      scored.push({ score: score - 500, suggestion: { command: label, description: `key ${key}`, kind: 'action' } });
    }
  }
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ suggestion }) => suggestion);
}

const ranked = (text: string, names: readonly string[]): readonly string[] =>
  names
    .flatMap((name) => {
      const score = fuzzyScore(text, name);
      return score === undefined ? [] : [{ name, score }];
    })
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
