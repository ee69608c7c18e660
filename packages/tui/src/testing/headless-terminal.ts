import { createRequire } from 'node:module';
import type { Terminal as Emulator } from '@xterm/headless';
import type { KeyPress, RawTerminal, Size, Terminal, TerminalEvents } from '../terminal/terminal.js';

const { Terminal: HeadlessEmulator } = createRequire(import.meta.url)('@xterm/headless') as {
  Terminal: typeof Emulator;
};

/** A terminal that is a real emulator without a window: what it shows can be read back, what it is sent counted. */
export class HeadlessTerminal implements Terminal {
  /** Bytes of each write. */
  readonly writes: string[] = [];
  readonly copied: string[] = [];
  /** What {@link handOver} got while somebody else had the terminal. */
  handedOver = 0;
  readonly #emulator: Emulator;
  #events: TerminalEvents | undefined;

  constructor(width = 80, height = 24) {
    this.#emulator = new HeadlessEmulator({ cols: width, rows: height, allowProposedApi: true });
  }

  get size(): Size {
    return { width: this.#emulator.cols, height: this.#emulator.rows };
  }

  write(bytes: string): void {
    this.writes.push(bytes);
    this.#emulator.write(bytes);
  }

  listen(events: TerminalEvents): void {
    this.#events = events;
  }

  resize(width: number, height: number): void {
    this.#emulator.resize(width, height);
    this.#events?.resized();
  }

  /** Presses a key by its name, as key tables write it. */
  press(name: string): void {
    this.#events?.key(pressOf(name));
  }

  type(text: string): void {
    for (const char of text)
      this.press(char === ' ' ? 'space' : /^[A-Z]$/.test(char) ? `S-${char.toLowerCase()}` : char);
  }

  click(x: number, y: number): void {
    this.#events?.mouse({ action: 'down', x, y });
  }

  wheel(direction: 'wheelUp' | 'wheelDown'): void {
    this.#events?.mouse({ action: direction, x: 5, y: 10 });
  }

  /** What stands on the screen, once all that was written has arrived. */
  async lines(): Promise<readonly string[]> {
    await new Promise<void>((resolve) => this.#emulator.write('', resolve));
    const { active } = this.#emulator.buffer;
    return Array.from(
      { length: this.#emulator.rows },
      (_, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? '',
    );
  }

  async handOver<R>(_mode: 'raw' | 'inherit', use: (raw: RawTerminal) => Promise<R>): Promise<R> {
    this.handedOver += 1;
    const { size } = this;
    const nothing = { [Symbol.dispose]: () => undefined };
    try {
      return await use({ size, onInput: () => nothing, onResize: () => nothing, write: () => undefined });
    } finally {
      this.#events?.resized();
    }
  }

  useMouse(): void {
    // Presses come when a test calls for them, whatever was asked for.
  }

  copy(text: string): void {
    this.copied.push(text);
  }

  [Symbol.dispose](): void {
    this.#emulator.dispose();
  }
}

function pressOf(name: string): KeyPress {
  if (name === 'space') return { name, text: ' ' };
  if (/^S-[a-z]$/.test(name)) return { name, text: name.slice(2).toUpperCase() };
  return { name, text: [...name].length === 1 ? name : '' };
}
