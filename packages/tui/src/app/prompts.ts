import type { Suggestion } from '../command/suggest.js';
import type { Page } from '../pages/page.js';
import type { Canvas } from '../screen/frame.js';
import type { KeyPress } from '../terminal/terminal.js';
import type { Commands } from './commands.js';
import { Prompt } from './prompt.js';
import type { Services } from './services.js';

export interface PromptsDeps {
  readonly services: Services;
  readonly commands: Commands;
  readonly page: () => Page | undefined;
  /** Actions of the page, as the palette lists them. */
  readonly actions: () => readonly { readonly label: string; readonly key: string }[];
  /** Runs the action of that label. */
  readonly runAction: (label: string) => void;
}

/** How many filters are offered again. */
const mostFilters = 6;

/** The line for `:` and for `/`: at most one is open, and takes every key while it is. */
export class Prompts {
  readonly #deps: PromptsDeps;
  #open: Prompt | undefined;

  constructor(deps: PromptsDeps) {
    this.#deps = deps;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Rows it wants. */
  get height(): number {
    return this.#open?.height ?? 0;
  }

  key(press: KeyPress): void {
    this.#open?.key(press);
  }

  draw(canvas: Canvas): void {
    this.#open?.draw(canvas);
  }

  openCommand(): void {
    const { services, commands, actions, runAction } = this.#deps;
    const cluster = services.cluster(services.context);
    // Kinds come and go while the dashboard runs; the list below the line should know them.
    void services.act((signal) => cluster.discover(signal, 30_000).catch((error: unknown) => cluster.lost(error)));
    this.#open = new Prompt({
      kind: 'command',
      start: '',
      suggest: (text) => commands.suggest(text, actions()),
      isExact: (text) => commands.isExact(text),
      problem: () => undefined,
      cancelled: () => this.#close(),
      done: (text, suggestion) => {
        this.#close();
        if (suggestion?.kind === 'action') runAction(suggestion.command);
        else if (text.trim() !== '') services.command(text.trim());
      },
    });
  }

  openFilter(): void {
    const page = this.#deps.page();
    const filter = (): Page['filter'] => page?.filter;
    const start = filter()?.text ?? '';
    const { memory } = this.#deps.services;
    this.#open = new Prompt({
      kind: 'filter',
      start,
      suggest: (text) => filtersLike(text, memory.filters),
      isExact: () => true,
      changed: (text) => filter()?.set(text),
      problem: () => filter()?.problem,
      cancelled: () => {
        filter()?.set(start);
        this.#close();
      },
      done: (text, suggestion) => {
        const wanted = suggestion?.command ?? text;
        filter()?.set(wanted);
        if (filter()?.problem === undefined) memory.keepFilter(wanted);
        this.#close();
      },
    });
  }

  #close(): void {
    this.#open = undefined;
  }
}

/** Filters used before that begin with the text. */
const filtersLike = (text: string, filters: readonly string[]): readonly Suggestion[] =>
  filters
    .filter((filter) => filter !== text && filter.startsWith(text))
    .slice(0, mostFilters)
    .map((command) => ({ command, description: '', kind: 'history' }));
