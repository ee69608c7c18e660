import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Kind } from '../api/kinds.js';
import type { Language, Translate } from '../i18n/texts.js';

export interface SessionInfo {
  readonly user: string;
  readonly groups: readonly string[];
  readonly expiresAt: number;
  readonly cluster: { readonly id: string; readonly version: string };
}

/** What every part of the page may want to know. */
export interface Shared {
  readonly session: SessionInfo;
  readonly kinds: readonly Kind[];
  /** Chosen ones; none: all. */
  readonly namespaces: readonly string[];
  readonly language: Language;
  readonly theme: Theme;
  readonly t: Translate;
  /** A short note at the edge of the page. */
  notify(text: string, isError?: boolean): void;
}

export type Theme = 'dark' | 'light';

export const SharedContext = createContext<Shared | undefined>(undefined);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (shared === undefined) throw new Error('used outside of the page');
  return shared;
}
