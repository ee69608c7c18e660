import type { Page } from '../pages/page.js';
import { controllerForMany } from '../cluster/many-listeners.js';
import { SidePane } from './side-pane.js';
import type { SidePaneDeps } from './side-pane.js';

interface OpenPage {
  readonly page: Page;
  readonly abort: AbortController;
}

/** One of several independent stacks of pages, alone or with details beside it. */
interface Tab {
  readonly stack: OpenPage[];
  side: SidePane | undefined;
}

const closed = (): Error => new Error('the page was closed');

/** Which pages are open: stacks side by side, one of them seen. A page lives as long as it is on its stack. */
export class Tabs implements Disposable {
  readonly #deps: SidePaneDeps;
  readonly #tabs: Tab[] = [{ stack: [], side: undefined }];
  #current = 0;

  constructor(deps: SidePaneDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#tabs.length;
  }

  get index(): number {
    return this.#current;
  }

  get page(): Page | undefined {
    return this.#tab.stack.at(-1)?.page;
  }

  get side(): SidePane | undefined {
    return this.#tab.side;
  }

  /** Names of the pages on the stack, the one seen last. */
  get crumbs(): readonly string[] {
    return this.#tab.stack.map(({ page }) => page.crumb);
  }

  push(page: Page): void {
    const abort = controllerForMany();
    this.#tab.stack.push({ page, abort });
    page.start(abort.signal);
  }

  /** Closes the page seen, unless it is the last of its stack. */
  pop(): void {
    if (this.#tab.stack.length > 1) this.#tab.stack.pop()?.abort.abort(closed());
  }

  /** Closes all pages of the stack seen. */
  clear(): void {
    this.#close(this.#tab);
  }

  add(): void {
    this.#tabs.push({ stack: [], side: undefined });
    this.#current = this.#tabs.length - 1;
  }

  next(): void {
    this.#current = (this.#current + 1) % this.#tabs.length;
  }

  /** Closes the stack seen, unless it is the only one. */
  remove(): void {
    if (this.#tabs.length === 1) return;
    this.#close(this.#tab);
    this.#tab.side?.[Symbol.dispose]();
    this.#tabs.splice(this.#current, 1);
    this.#current = Math.min(this.#current, this.#tabs.length - 1);
  }

  toggleSide(): void {
    const tab = this.#tab;
    tab.side?.[Symbol.dispose]();
    tab.side = tab.side === undefined ? new SidePane(this.#deps) : undefined;
  }

  [Symbol.dispose](): void {
    for (const tab of this.#tabs) {
      this.#close(tab);
      tab.side?.[Symbol.dispose]();
    }
  }

  get #tab(): Tab {
    return this.#tabs[this.#current]!;
  }

  #close({ stack }: Tab): void {
    for (const { abort } of stack.splice(0)) abort.abort(closed());
  }
}
