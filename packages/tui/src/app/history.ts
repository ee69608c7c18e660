const most = 100;

/** Commands in the order they were run, and a place among them. */
export class CommandHistory {
  #entries: string[] = [];
  #at = -1;

  /** The newest first, each once. */
  get recent(): readonly string[] {
    return [...new Set([...this.#entries].reverse())];
  }

  push(command: string): void {
    if (this.#entries[this.#at] === command) return;
    // A new command from the middle forgets what lay ahead, as in a browser.
    this.#entries = [...this.#entries.slice(0, this.#at + 1), command].slice(-most);
    this.#at = this.#entries.length - 1;
  }

  back(): string | undefined {
    if (this.#at <= 0) return undefined;
    this.#at -= 1;
    return this.#entries[this.#at];
  }

  forward(): string | undefined {
    if (this.#at >= this.#entries.length - 1) return undefined;
    this.#at += 1;
    return this.#entries[this.#at];
  }

  /** The command before the present one, which then becomes the present one. */
  last(): string | undefined {
    const before = this.#entries[this.#at - 1];
    if (before !== undefined) this.push(before);
    return before;
  }
}
