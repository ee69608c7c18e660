import type { Suggestion } from '../command/suggest.js';
import type { Canvas } from '../screen/frame.js';
import { pad, textWidth } from '../screen/text-width.js';
import type { KeyPress } from '../terminal/terminal.js';
import { edit, emptyLine, lineOf } from './line-editor.js';
import type { Line } from './line-editor.js';

export interface PromptDeps {
  readonly kind: 'command' | 'filter';
  readonly start: string;
  /** Called after every change of the text. */
  readonly changed?: ((text: string) => void) | undefined;
  readonly suggest: (text: string) => readonly Suggestion[];
  /** Whether the text means something by itself: then Enter runs it as typed. */
  readonly isExact: (text: string) => boolean;
  readonly done: (text: string, suggestion: Suggestion | undefined) => void;
  readonly cancelled: () => void;
  readonly problem: () => string | undefined;
}

/** The line that opens under the header for `:` and `/`, with its list of what the text could mean. */
export class Prompt {
  readonly #deps: PromptDeps;
  #line: Line;
  #suggestions: readonly Suggestion[] = [];
  /** −1: nothing is chosen, the text stands for itself. */
  #chosen = -1;

  constructor(deps: PromptDeps) {
    this.#deps = deps;
    this.#line = deps.start === '' ? emptyLine : lineOf(deps.start);
    this.#update();
  }

  get kind(): PromptDeps['kind'] {
    return this.#deps.kind;
  }

  get text(): string {
    return this.#line.text;
  }

  /** Rows it wants: its line and the list. */
  get height(): number {
    return 1 + this.#suggestions.length;
  }

  key(press: KeyPress): void {
    const { done, cancelled } = this.#deps;
    switch (press.name) {
      case 'escape':
      case 'C-c':
        cancelled();
        return;
      case 'enter':
        this.#enter();
        return;
      case 'up':
      case 'S-tab':
        this.#choose(-1);
        return;
      case 'down':
        this.#choose(1);
        return;
      case 'tab':
        this.#complete();
        return;
      case 'right':
        if (this.#line.cursor === this.#line.text.length && this.#suggestions.length > 0) {
          this.#complete();
          return;
        }
        break;
      case 'C-q':
        this.#set(emptyLine);
        return;
      case 'backspace':
        if (this.#line.text === '' && this.kind === 'filter') {
          done('', undefined);
          return;
        }
        break;
      default:
    }
    const next = edit(this.#line, press);
    if (next !== undefined) this.#set(next);
  }

  draw(canvas: Canvas): void {
    const { kind, problem } = this.#deps;
    const sign = kind === 'command' ? ':' : '/';
    const wrong = problem();
    let x = canvas.text(0, 0, ` ${sign} `, kind === 'command' ? 'accent' : 'highlight');
    const { text, cursor } = this.#line;
    x = canvas.text(x, 0, text.slice(0, cursor), 'prompt');
    canvas.text(x, 0, '▏', 'accent');
    x = canvas.text(x + (cursor < text.length ? 0 : 1), 0, text.slice(cursor), 'prompt');
    const ghost = this.#suggestions[Math.max(0, this.#chosen)]?.command;
    if (ghost !== undefined && ghost.toLowerCase().startsWith(text.toLowerCase()))
      x = canvas.text(x, 0, ghost.slice(text.length), 'suggestion');
    if (wrong !== undefined) canvas.text(x + 2, 0, `✖ ${wrong}`, 'alert');
    const width = Math.max(0, ...this.#suggestions.map(({ command }) => textWidth(command))) + 2;
    this.#suggestions.forEach(({ command, description, kind: what }, index) => {
      const chosen = index === this.#chosen;
      const row = ` ${chosen ? '▸' : ' '} ${pad(command, width)} ${description}`;
      canvas.text(
        0,
        index + 1,
        chosen ? pad(row, canvas.width) : row,
        chosen ? 'buttonFocus' : what === 'action' ? 'label' : 'suggestion',
      );
    });
  }

  #set(line: Line): void {
    this.#line = line;
    this.#chosen = -1;
    this.#update();
    this.#deps.changed?.(line.text);
  }

  #update(): void {
    this.#suggestions = this.#deps.suggest(this.#line.text);
  }

  #choose(by: number): void {
    const count = this.#suggestions.length;
    if (count === 0) return;
    this.#chosen = this.#chosen < 0 ? (by > 0 ? 0 : count - 1) : (this.#chosen + by + count) % count;
  }

  #complete(): void {
    const suggestion = this.#suggestions[Math.max(0, this.#chosen)];
    if (suggestion !== undefined && suggestion.kind !== 'action') this.#set(lineOf(suggestion.command));
  }

  /** What is chosen runs; else the text if it means something; else the best guess at what it means. */
  #enter(): void {
    const { done, isExact } = this.#deps;
    const chosen = this.#suggestions[this.#chosen];
    if (chosen !== undefined) done(chosen.command, chosen);
    else if (this.kind === 'filter' || isExact(this.#line.text)) done(this.#line.text, undefined);
    else {
      const best = this.#suggestions[0];
      done(best?.command ?? this.#line.text, best);
    }
  }
}
