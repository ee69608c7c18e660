import { createRequire } from 'node:module';
import type { Widgets, BlessedProgram } from 'blessed';
import type { KeyPress, MousePress, RawTerminal, Size, Terminal, TerminalEvents } from './terminal.js';

export interface BlessedTerminalDeps {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** Mouse reports take native selection away from terminals without Shift-drag; off is a choice. */
  readonly mouse: boolean;
}

type ProgramFactory = (options: Readonly<Record<string, unknown>>) => BlessedProgram;

/** Only `program` of neo-blessed is needed: loading its widgets would double the time to the first frame. */
const openProgram = createRequire(import.meta.url)('neo-blessed/lib/program') as ProgramFactory;

const enter = '\x1b[?1049h\x1b[?25l\x1b[2J';
const leave = '\x1b[0m\x1b[?25h\x1b[?1049l';
const mouseOn = '\x1b[?1000h\x1b[?1006h';
const mouseOff = '\x1b[?1006l\x1b[?1000l';

const mostEarlyKeys = 1_000;

/** Keys and mouse as neo-blessed's program decodes them; output is written by our own painter. */
export class BlessedTerminal implements Terminal {
  readonly #deps: BlessedTerminalDeps;
  readonly #program: BlessedProgram;
  #givenAway = false;
  #mouse: boolean;
  #events: TerminalEvents | undefined;
  /** Keys pressed before anybody listened: none is lost, and there cannot be many. */
  #early: KeyPress[] = [];

  constructor(deps: BlessedTerminalDeps) {
    this.#deps = deps;
    this.#mouse = deps.mouse;
    this.#program = openProgram({ input: deps.input, output: deps.output, tput: false, resizeTimeout: 20 });
    // After a hang-up nothing can be written any more; the end of the input tells of it.
    deps.output.on('error', () => this.#events?.closed());
    deps.input.on('error', () => this.#events?.closed());
    this.#enter();
    this.#program.on('keypress', (char: string | undefined, key: Widgets.Events.IKeyEventArg) =>
      this.#pressed(char, key),
    );
  }

  get size(): Size {
    const { columns, rows } = this.#deps.output;
    return { width: Math.max(20, columns || 80), height: Math.max(6, rows || 24) };
  }

  /** Dropped while somebody else has the terminal: it is all painted anew afterwards. */
  write(bytes: string): void {
    if (!this.#givenAway) this.#deps.output.write(bytes);
  }

  listen(events: TerminalEvents): void {
    this.#events = events;
    const program = this.#program;
    program.on('mouse', (data: Widgets.Events.IMouseEventArg) => {
      const press = this.#givenAway ? undefined : mousePressOf(data);
      if (press !== undefined) events.mouse(press);
    });
    program.on('resize', () => this.#givenAway || events.resized());
    this.#deps.input.on('end', () => events.closed());
    for (const press of this.#early.splice(0)) events.key(press);
  }

  async handOver<R>(mode: 'raw' | 'inherit', use: (raw: RawTerminal) => Promise<R>): Promise<R> {
    const { input } = this.#deps;
    this.#leave();
    this.#givenAway = true;
    if (mode === 'inherit') {
      input.setRawMode?.(false);
      input.pause();
    }
    try {
      return await use(this.#raw());
    } finally {
      if (mode === 'inherit') {
        input.setRawMode?.(true);
        input.resume();
      }
      this.#givenAway = false;
      this.#enter();
      this.#events?.resized();
    }
  }

  useMouse(on: boolean): void {
    if (on !== this.#mouse) this.write(on ? mouseOn : mouseOff);
    this.#mouse = on;
  }

  copy(text: string): void {
    // OSC 52 reaches the clipboard of the person's own machine, through ssh and tmux.
    this.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
  }

  [Symbol.dispose](): void {
    this.#leave();
    this.#program.removeAllListeners();
    this.#program.destroy();
  }

  #pressed(char: string | undefined, key: Widgets.Events.IKeyEventArg): void {
    const press = this.#givenAway ? undefined : keyPressOf(char, key);
    if (press === undefined) return;
    if (this.#events !== undefined) this.#events.key(press);
    else if (this.#early.length < mostEarlyKeys) this.#early.push(press);
  }

  #enter(): void {
    this.write(enter + (this.#mouse ? mouseOn : ''));
  }

  #leave(): void {
    this.write((this.#mouse ? mouseOff : '') + leave);
  }

  #raw(): RawTerminal {
    const { input, output } = this.#deps;
    const size = (): Size => this.size;
    return {
      get size() {
        return size();
      },
      onInput(listener) {
        const heard = (data: Buffer | string): void => listener(Buffer.from(data));
        input.on('data', heard);
        return { [Symbol.dispose]: () => void input.off('data', heard) };
      },
      onResize(listener) {
        output.on('resize', listener);
        return { [Symbol.dispose]: () => void output.off('resize', listener) };
      },
      write: (data) => void output.write(data),
    };
  }
}

const named = new Set([
  'up',
  'down',
  'left',
  'right',
  'home',
  'end',
  'pageup',
  'pagedown',
  'tab',
  'enter',
  'escape',
  'backspace',
  'delete',
  'insert',
]);

/** neo-blessed's key in our words; undefined for what no key table can name. */
export function keyPressOf(char: string | undefined, key: Widgets.Events.IKeyEventArg): KeyPress | undefined {
  const { name, ctrl, meta, shift } = key as { name?: string; ctrl?: boolean; meta?: boolean; shift?: boolean };
  // It tells of Enter twice, as `return` and as `enter`.
  if (name === 'return') return undefined;
  // Typed before the terminal was ours, Enter comes as a line feed.
  if (name === 'linefeed') return { name: 'enter', text: '' };
  const printable = char !== undefined && char.length > 0 && char.codePointAt(0)! >= 0x20 && char !== '\x7f';
  if (ctrl === true && name !== undefined) return { name: `C-${name}`, text: '' };
  if (char === '\x00') return { name: 'C-space', text: '' };
  if (char === '\x1c') return { name: 'C-\\', text: '' };
  if (meta === true && name !== undefined && name !== 'escape') return { name: `M-${name}`, text: '' };
  if (name !== undefined && (named.has(name) || /^f\d+$/.test(name))) {
    return { name: shift === true ? `S-${name}` : name, text: '' };
  }
  if (char === ' ') return { name: 'space', text: ' ' };
  if (!printable) return undefined;
  if (/^[A-Z]$/.test(char)) return { name: `S-${char.toLowerCase()}`, text: char };
  return { name: char, text: char };
}

function mousePressOf(data: Widgets.Events.IMouseEventArg): MousePress | undefined {
  const { action, x, y } = data as unknown as { action: string; x: number; y: number };
  if (action === 'mousedown') return { action: 'down', x, y };
  if (action === 'wheelup') return { action: 'wheelUp', x, y };
  return action === 'wheeldown' ? { action: 'wheelDown', x, y } : undefined;
}
