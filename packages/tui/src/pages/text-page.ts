import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Canvas } from '../screen/frame.js';
import type { MousePress } from '../terminal/terminal.js';
import type { StyledLine } from '../text/styled-text.js';
import { plainLine, textOfLine } from '../text/styled-text.js';
import { TextView } from './text-view.js';
import type { Page, PageFilter } from './page.js';

export interface TextPageOptions {
  readonly crumb: string;
  readonly title: string;
  readonly cluster: Cluster;
  /** Fetches or makes the text; called again by `^r`. */
  readonly load: (signal: AbortSignal) => Promise<readonly StyledLine[]>;
  /** Begins with long lines wrapped: sentences, not columns. */
  readonly wrapped?: boolean | undefined;
  /** Actions of the thing shown, beside those of every text. */
  readonly actions?: ((page: TextPage) => Actions) | undefined;
}

const refreshEveryMs = 5_000;

/** A text to read: YAML, describe, an explanation. */
export class TextPage implements Page {
  readonly crumb: string;
  readonly cluster: Cluster;
  readonly view = new TextView();
  readonly #options: TextPageOptions;
  readonly #services: Services;
  #filterText = '';
  #problem = '';
  #state: 'loading' | 'loaded' | 'failed' = 'loading';
  #signal: AbortSignal | undefined;
  #refreshing = false;

  constructor(options: TextPageOptions, services: Services) {
    this.#options = options;
    this.#services = services;
    this.crumb = options.crumb;
    this.cluster = options.cluster;
    this.view.wrapped = options.wrapped ?? false;
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.reload();
  }

  /** Loads again, as the switches of the page now stand. */
  reload(): void {
    const signal = this.#signal;
    if (signal === undefined) return;
    const loaded = this.#options.load(signal).then(
      (lines) => {
        this.#state = 'loaded';
        this.view.setLines(lines);
      },
      (error: unknown) => {
        if (signal.aborted) return;
        this.#state = 'failed';
        this.view.setLines([plainLine(error instanceof Error ? error.message : String(error), 'alert')]);
      },
    );
    void this.#services.act(() => loaded.then(() => this.#services.invalidate()));
  }

  get filter(): PageFilter {
    return {
      text: this.#filterText,
      set: (text) => this.#setFilter(text),
      problem: this.#problem === '' ? undefined : this.#problem,
    };
  }

  draw(canvas: Canvas): void {
    const { index, count } = this.view.found;
    const found = this.#filterText === '' ? '' : ` </${this.#filterText}>[${index}:${count}]`;
    const live = this.#refreshing ? ' ⟳' : '';
    const inner = canvas.box(`${this.#options.title}${live}${found}`);
    if (this.#state === 'loading') inner.text(1, 0, 'loading…', 'dim');
    else this.view.draw(inner);
    const { offset, lines } = this.view;
    canvas.text(2, canvas.height - 1, ` ${Math.min(lines.length, offset + inner.height)}/${lines.length} `, 'dim');
  }

  actions(): Actions {
    const { view } = this;
    const services = this.#services;
    const changed =
      (act: () => void): (() => void) =>
      () => {
        act();
        services.invalidate();
      };
    const whole = (): string => view.lines.map(textOfLine).join('\n');
    return {
      ...this.#options.actions?.(this),
      up: changed(() => view.scroll(-1)),
      down: changed(() => view.scroll(1)),
      pageUp: changed(() => view.scroll(-view.height)),
      pageDown: changed(() => view.scroll(view.height)),
      top: changed(() => view.scroll(-Infinity)),
      bottom: changed(() => view.scroll(view.lastOffset)),
      scrollLeft: changed(() => (view.shift = Math.max(0, view.shift - 8))),
      scrollRight: changed(() => (view.shift += 8)),
      nextMatch: changed(() => view.step(1)),
      previousMatch: changed(() => view.step(-1)),
      wrap: changed(() => (view.wrapped = !view.wrapped)),
      copyText: () => {
        services.terminal.copy(whole());
        services.flash('info', `${view.lines.length} lines copied`);
      },
      saveText: () =>
        services.act(async () => {
          const path = await services.outside.saveText(`${this.#options.title.replace(/[^\w.-]+/g, '-')}.txt`, whole());
          services.flash('info', `saved ${path}`);
        }),
      copyLine: () => {
        const line = view.lines[view.lineInFocus];
        if (line === undefined) return;
        services.terminal.copy(textOfLine(line));
        services.flash('info', 'line copied');
      },
      autoRefresh: () => this.#toggleRefresh(),
      refresh: () => this.reload(),
    };
  }

  /** `r`: reads again every few seconds, until it is pressed once more or the page is left. */
  #toggleRefresh(): void {
    const services = this.#services;
    this.#refreshing = !this.#refreshing;
    services.invalidate();
    if (!this.#refreshing) return;
    void services.act(async () => {
      const signal = this.#signal;
      while (this.#refreshing && signal?.aborted === false) {
        await services.clock.after(refreshEveryMs, { signal }).catch(() => undefined);
        if (this.#refreshing && !signal.aborted) this.reload();
      }
    });
  }

  escape(): boolean {
    if (this.#filterText === '') return false;
    this.#setFilter('');
    return true;
  }

  mouse({ action }: MousePress): void {
    if (action === 'wheelUp') this.view.scroll(-3);
    if (action === 'wheelDown') this.view.scroll(3);
    this.#services.invalidate();
  }

  #setFilter(text: string): void {
    this.#filterText = text;
    this.#problem = '';
    try {
      this.view.search(text === '' ? undefined : new RegExp(text, 'i'));
    } catch {
      this.#problem = `not a regular expression: ${text}`;
      this.view.search(undefined);
    }
    this.#services.invalidate();
  }
}
