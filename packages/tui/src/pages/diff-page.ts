import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Canvas } from '../screen/frame.js';
import { diffLines, diffText } from '../text/diff-lines.js';
import { plainLine } from '../text/styled-text.js';
import { TextView } from './text-view.js';
import type { Page } from './page.js';

export interface DiffQuestion {
  readonly cluster: Cluster;
  readonly title: string;
  readonly before: string;
  readonly after: string;
}

/** What a write would change, as the server sees it; Enter asks once more and writes, Esc does not. */
export class DiffPage implements Page {
  readonly crumb = 'diff';
  readonly cluster: Cluster;
  readonly #title: string;
  readonly #view = new TextView();
  readonly #services: Services;
  readonly #answer: (yes: boolean) => void;

  private constructor(question: DiffQuestion, services: Services, answer: (yes: boolean) => void) {
    this.cluster = question.cluster;
    this.#title = question.title;
    this.#services = services;
    this.#answer = answer;
    const lines = diffText(diffLines(question.before, question.after));
    this.#view.setLines(lines.length === 0 ? [plainLine('the server sees no difference', 'dim')] : lines);
  }

  /** Shows the difference and waits for the answer. */
  static ask(question: DiffQuestion, services: Services): Promise<boolean> {
    return new Promise((resolve) => services.open(new DiffPage(question, services, resolve)));
  }

  start(signal: AbortSignal): void {
    // Leaving the page by any way but Enter is a no.
    signal.addEventListener('abort', () => this.#answer(false), { once: true });
  }

  draw(canvas: Canvas): void {
    const inner = canvas.box(`changes to ${this.#title} <Enter> apply <Esc> leave`);
    this.#view.draw(inner);
  }

  actions(): Actions {
    const view = this.#view;
    const scroll = (by: number) => (): void => {
      view.scroll(by);
      this.#services.invalidate();
    };
    return {
      open: () => {
        this.#answer(true);
        this.#services.back();
      },
      up: scroll(-1),
      down: scroll(1),
      pageUp: scroll(-view.height),
      pageDown: scroll(view.height),
      top: scroll(-Infinity),
      bottom: scroll(1e9),
    };
  }
}
