/** Lines of a log, the newest of them; older ones make room. */
export class LogLines {
  readonly #limit: number;
  #lines: string[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  add(lines: readonly string[]): void {
    this.#lines = [...this.#lines, ...lines].slice(-this.#limit);
  }
}
