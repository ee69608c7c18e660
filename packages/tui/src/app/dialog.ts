import type { Canvas } from '../screen/frame.js';
import { pad, textWidth, truncate } from '../screen/text-width.js';
import type { KeyPress } from '../terminal/terminal.js';
import { edit, lineOf } from './line-editor.js';
import type { Line } from './line-editor.js';
import type { ConfirmRequest, Field } from './services.js';

/** A question over the page. It takes every key until it is answered. */
export interface Dialog {
  draw(canvas: Canvas, badge: string | undefined): void;
  key(press: KeyPress): void;
}

/** A window in the middle of the screen. Returns its inside. */
function openWindow(
  canvas: Canvas,
  title: string,
  width: number,
  height: number,
  badge: string | undefined,
  dangerous: boolean,
): Canvas {
  const w = Math.min(canvas.width - 2, Math.max(width + 4, textWidth(title) + 6, 30));
  const h = Math.min(canvas.height, height + 2);
  const region = canvas.region(
    Math.floor((canvas.width - w) / 2),
    Math.max(0, Math.floor((canvas.height - h) / 2)),
    w,
    h,
  );
  region.fill(' ', 'dialog');
  const inner = region.box(title, dangerous ? 'alert' : 'border', dangerous ? 'alert' : 'title');
  if (badge !== undefined) region.text(region.width - textWidth(badge) - 4, 0, ` ${badge} `, 'danger');
  return inner.region(1, 0, inner.width - 2, inner.height);
}

function drawButtons(canvas: Canvas, y: number, labels: readonly string[], focus: number): void {
  const total = labels.reduce((sum, label) => sum + textWidth(label) + 6, 0);
  let x = Math.max(0, Math.floor((canvas.width - total) / 2));
  labels.forEach((label, index) => {
    // The brackets tell the focus where no colour does.
    x =
      canvas.text(
        x,
        y,
        index === focus ? `▸[ ${label} ]` : ` [ ${label} ]`,
        index === focus ? 'buttonFocus' : 'button',
      ) + 1;
  });
}

/** Yes or no; it begins on Cancel, so Enter alone never does anything. */
export class ConfirmDialog implements Dialog {
  readonly #request: ConfirmRequest;
  readonly #answer: (yes: boolean) => void;
  #focus = 0;
  #typed: Line = lineOf('');

  constructor(request: ConfirmRequest, answer: (yes: boolean) => void) {
    this.#request = request;
    this.#answer = answer;
  }

  draw(canvas: Canvas, badge: string | undefined): void {
    const { title, lines, confirm, typed } = this.#request;
    const most = Math.max(1, canvas.height - 7);
    const shown = lines.slice(0, most);
    const width = Math.max(40, ...shown.map(textWidth), textWidth(typed ?? '') + 20);
    const inner = openWindow(canvas, title, width, shown.length + 3 + (typed === undefined ? 0 : 2), badge, true);
    shown.forEach((line, y) => inner.text(0, y, truncate(line, inner.width), 'dialog'));
    let y = shown.length + 1;
    if (typed !== undefined) {
      const x = inner.text(0, y, `Type ${typed} to go on: `, 'label');
      inner.text(x, y, `${this.#typed.text}▏`, 'value');
      y += 2;
    }
    drawButtons(inner, y, ['Cancel', confirm], this.#focus);
  }

  key(press: KeyPress): void {
    const { typed } = this.#request;
    if (press.name === 'escape' || press.name === 'C-c') return this.#answer(false);
    if (press.name === 'enter') {
      if (this.#focus === 0) return this.#answer(false);
      if (typed === undefined || this.#typed.text === typed) this.#answer(true);
      return undefined;
    }
    const turns = ['tab', 'S-tab', ...(typed === undefined ? ['left', 'right', 'h', 'l'] : ['up', 'down'])];
    if (turns.includes(press.name)) this.#focus = 1 - this.#focus;
    else if (typed !== undefined) this.#typed = edit(this.#typed, press) ?? this.#typed;
    return undefined;
  }
}

/** Fields to fill in; begins in the first one. The buttons come after the fields, Cancel first. */
export class FormDialog implements Dialog {
  readonly #title: string;
  readonly #fields: readonly Field[];
  readonly #confirm: string;
  readonly #answer: (values: Readonly<Record<string, string>> | undefined) => void;
  readonly #values: Line[];
  #focus: number;

  constructor(
    title: string,
    fields: readonly Field[],
    confirm: string,
    answer: (values: Readonly<Record<string, string>> | undefined) => void,
  ) {
    this.#title = title;
    this.#fields = fields;
    this.#confirm = confirm;
    this.#answer = answer;
    this.#values = fields.map(({ value }) => lineOf(value));
    // A form of choices only is a question: it begins on Cancel.
    this.#focus = fields.every(({ choices }) => choices !== undefined) ? fields.length : 0;
  }

  draw(canvas: Canvas, badge: string | undefined): void {
    const label = Math.max(...this.#fields.map((field) => textWidth(field.label))) + 2;
    const inner = openWindow(canvas, this.#title, label + 30, this.#fields.length + 3, badge, false);
    this.#fields.forEach((field, y) => {
      const focused = this.#focus === y;
      inner.text(0, y, pad(`${field.label}:`, label), focused ? 'highlight' : 'label');
      const { text, cursor } = this.#values[y]!;
      if (field.choices !== undefined)
        inner.text(label, y, `${focused ? '◂ ' : '  '}${text}${focused ? ' ▸' : ''}`, focused ? 'value' : 'dialog');
      else
        inner.text(
          label,
          y,
          focused ? `${text.slice(0, cursor)}▏${text.slice(cursor)}` : text,
          focused ? 'value' : 'dialog',
        );
    });
    drawButtons(inner, this.#fields.length + 1, ['Cancel', this.#confirm], this.#focus - this.#fields.length);
  }

  key(press: KeyPress): void {
    const count = this.#fields.length;
    const move = (by: number): void => {
      this.#focus = (this.#focus + by + count + 2) % (count + 2);
    };
    const field = this.#fields[this.#focus];
    if (press.name === 'escape' || press.name === 'C-c') this.#answer(undefined);
    else if (press.name === 'tab' || press.name === 'down') move(1);
    else if (press.name === 'S-tab' || press.name === 'up') move(-1);
    else if (press.name === 'enter') this.#enter();
    else if (field === undefined) {
      if (['left', 'right', 'h', 'l'].includes(press.name)) this.#focus = this.#focus === count ? count + 1 : count;
    } else if (field.choices === undefined)
      this.#values[this.#focus] = edit(this.#values[this.#focus]!, press) ?? this.#values[this.#focus]!;
    else if (['left', 'right', 'space'].includes(press.name)) this.#turn(field.choices, press.name === 'left' ? -1 : 1);
  }

  #turn(choices: readonly string[], by: number): void {
    const at = choices.indexOf(this.#values[this.#focus]!.text);
    this.#values[this.#focus] = lineOf(choices[(at + by + choices.length) % choices.length]!);
  }

  #enter(): void {
    const count = this.#fields.length;
    if (this.#focus === count) this.#answer(undefined);
    else if (this.#focus < count - 1 || this.#fields[this.#focus]?.choices !== undefined) this.#focus += 1;
    else if (this.#focus === count + 1 || this.#focus === count - 1) this.#accept();
  }

  #accept(): void {
    // After the last field, as on the button itself, Enter means: do it.
    this.#answer(Object.fromEntries(this.#fields.map(({ name }, index) => [name, this.#values[index]!.text])));
  }
}

/** One of several, by arrows or by its letter. */
export class ChoiceDialog implements Dialog {
  readonly #title: string;
  readonly #choices: readonly string[];
  readonly #answer: (choice: string | undefined) => void;
  #focus = 0;

  constructor(title: string, choices: readonly string[], answer: (choice: string | undefined) => void) {
    this.#title = title;
    this.#choices = choices;
    this.#answer = answer;
  }

  draw(canvas: Canvas, badge: string | undefined): void {
    const width = Math.max(20, ...this.#choices.map((choice) => textWidth(choice) + 6));
    const inner = openWindow(canvas, this.#title, width, this.#choices.length, badge, false);
    this.#choices.forEach((choice, y) => {
      const focused = y === this.#focus;
      inner.text(
        0,
        y,
        pad(`${focused ? '▸' : ' '} ${letterOf(y)} ${choice}`, inner.width),
        focused ? 'buttonFocus' : 'dialog',
      );
    });
  }

  key(press: KeyPress): void {
    const count = this.#choices.length;
    if (press.name === 'escape' || press.name === 'C-c') this.#answer(undefined);
    else if (press.name === 'enter') this.#answer(this.#choices[this.#focus]);
    else if (press.name === 'down' || press.name === 'tab') this.#focus = (this.#focus + 1) % count;
    else if (press.name === 'up') this.#focus = (this.#focus + count - 1) % count;
    else {
      const index = this.#choices.findIndex((_, at) => letterOf(at) === press.name);
      if (index >= 0) this.#answer(this.#choices[index]);
    }
  }
}

const letterOf = (index: number): string => String.fromCharCode(97 + (index % 26));

/** Something to read; any of the keys that close things closes it. */
export class MessageDialog implements Dialog {
  readonly #title: string;
  readonly #lines: readonly string[];
  readonly #answer: () => void;

  constructor(title: string, lines: readonly string[], answer: () => void) {
    this.#title = title;
    this.#lines = lines;
    this.#answer = answer;
  }

  draw(canvas: Canvas, badge: string | undefined): void {
    const shown = this.#lines.slice(0, Math.max(1, canvas.height - 6));
    const width = Math.max(30, ...shown.map(textWidth));
    const inner = openWindow(canvas, this.#title, width, shown.length + 2, badge, false);
    shown.forEach((line, y) => inner.text(0, y, truncate(line, inner.width), 'dialog'));
    drawButtons(inner, shown.length + 1, ['OK'], 0);
  }

  key(press: KeyPress): void {
    if (['enter', 'escape', 'q', 'space', 'C-c'].includes(press.name)) this.#answer();
  }
}
