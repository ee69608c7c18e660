export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * One key press. `name` is how key tables write it: `a`, `S-a` for a capital, `C-d`, `enter`, `escape`, `space`, `up`,
 * `f1`, `?`. `text` is what it would write into a prompt; '' for keys that write nothing.
 */
export interface KeyPress {
  readonly name: string;
  readonly text: string;
}

export interface MousePress {
  readonly action: 'down' | 'wheelUp' | 'wheelDown';
  readonly x: number;
  readonly y: number;
}

export interface TerminalEvents {
  key(press: KeyPress): void;
  mouse(press: MousePress): void;
  resized(): void;
  /** The other end is gone (hang-up). */
  closed(): void;
}

/** The raw streams while somebody else (a shell, an editor) has the terminal. */
export interface RawTerminal {
  readonly size: Size;
  onInput(listener: (data: Uint8Array) => void): Disposable;
  onResize(listener: () => void): Disposable;
  write(data: Uint8Array | string): void;
}

/** A screen of character cells with keyboard and mouse. Opened once, disposed of once. */
export interface Terminal extends Disposable {
  readonly size: Size;
  write(bytes: string): void;
  /** Begins to tell of keys. */
  listen(events: TerminalEvents): void;
  /**
   * Gives the terminal away until `use` ends, in its normal (not alternate) screen. `raw`: key presses come as bytes;
   * `inherit`: a child process reads the terminal itself.
   */
  handOver<R>(mode: 'raw' | 'inherit', use: (raw: RawTerminal) => Promise<R>): Promise<R>;
  /** Whether clicks and the wheel are reported; then only Shift-drag selects text. */
  useMouse(on: boolean): void;
  /** Puts a text on the clipboard of the person in front of the terminal. */
  copy(text: string): void;
}
