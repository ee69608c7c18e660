import type { Clock } from '@geobuk/client';
import { TextView } from '../pages/text-view.js';
import type { Preview } from '../pages/page.js';
import type { Canvas } from '../screen/frame.js';
import { plainLine } from '../text/styled-text.js';

export interface SidePaneDeps {
  readonly clock: Clock;
  readonly invalidate: () => void;
}

/** Who runs through a list does not want every object on the way fetched. */
const restMs = 120;

/** The right half of a split screen: details of whatever the cursor of the left half rests on. */
export class SidePane implements Disposable {
  readonly #deps: SidePaneDeps;
  readonly #view = new TextView();
  #shown = '';
  #title = '';
  #loading: AbortController | undefined;
  #timer: Disposable | undefined;

  constructor(deps: SidePaneDeps) {
    this.#deps = deps;
    this.#view.wrapped = true;
  }

  /** Shows a preview; fetches it when it is of another object, or of another state of the same. */
  show(preview: Preview | undefined): void {
    const key = preview === undefined ? '' : `${preview.id} ${preview.version}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#timer?.[Symbol.dispose]();
    this.#loading?.abort(new Error('the cursor has moved on'));
    if (preview === undefined) {
      this.#title = '';
      this.#view.setLines([]);
      return;
    }
    this.#timer = this.#deps.clock.timer(restMs, () => void this.#load(preview));
  }

  draw(canvas: Canvas): void {
    this.#view.draw(canvas.box(this.#title));
  }

  scroll(by: number): void {
    this.#view.scroll(by);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#loading?.abort(new Error('the split was closed'));
  }

  async #load(preview: Preview): Promise<void> {
    const loading = new AbortController();
    this.#loading = loading;
    try {
      const lines = await preview.load(loading.signal);
      if (loading.signal.aborted) return;
      if (this.#title !== preview.title) this.#view.offset = 0;
      this.#title = preview.title;
      this.#view.setLines(lines);
    } catch (error) {
      if (loading.signal.aborted) return;
      this.#title = preview.title;
      this.#view.setLines([plainLine(error instanceof Error ? error.message : String(error), 'alert')]);
    }
    this.#deps.invalidate();
  }
}
