import type { Canvas } from '../screen/frame.js';
import type { KeyPress } from '../terminal/terminal.js';
import { ChoiceDialog, ConfirmDialog, FormDialog, MessageDialog } from './dialog.js';
import type { Dialog } from './dialog.js';
import type { ConfirmRequest, Dialogs, Field } from './services.js';

export interface DialogStackDeps {
  readonly changed: () => void;
  /** A text that every confirmation wants typed: the name of a protected context. */
  readonly wantedText: () => string | undefined;
}

/** Questions that are open, the latest on top. */
export class DialogStack implements Dialogs {
  readonly #deps: DialogStackDeps;
  readonly #open: Dialog[] = [];
  #closed = false;

  constructor(deps: DialogStackDeps) {
    this.#deps = deps;
  }

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  confirm(request: ConfirmRequest): Promise<boolean> {
    const typed = request.typed ?? this.#deps.wantedText();
    return this.#ask((answer) => new ConfirmDialog({ ...request, typed }, answer));
  }

  form(
    title: string,
    fields: readonly Field[],
    confirm: string,
  ): Promise<Readonly<Record<string, string>> | undefined> {
    return this.#ask((answer) => new FormDialog(title, fields, confirm, answer));
  }

  choose(title: string, choices: readonly string[]): Promise<string | undefined> {
    return this.#ask((answer) => new ChoiceDialog(title, choices, answer));
  }

  message(title: string, lines: readonly string[]): Promise<void> {
    return this.#ask<void>((answer) => new MessageDialog(title, lines, () => answer(undefined)));
  }

  key(press: KeyPress): void {
    this.#open.at(-1)?.key(press);
  }

  draw(canvas: Canvas, badge: string | undefined): void {
    this.#open.at(-1)?.draw(canvas, badge);
  }

  /** Questions nobody will answer any more, and those still to come, are answered with no. */
  close(): void {
    this.#closed = true;
    for (const dialog of [...this.#open]) dialog.key({ name: 'escape', text: '' });
  }

  #ask<R>(make: (answer: (value: R) => void) => Dialog): Promise<R> {
    return new Promise((resolve) => {
      const dialog = make((value) => {
        this.#open.splice(this.#open.indexOf(dialog), 1);
        resolve(value);
        this.#deps.changed();
      });
      this.#open.push(dialog);
      if (this.#closed) dialog.key({ name: 'escape', text: '' });
      this.#deps.changed();
    });
  }
}
