/** Hands values to every reader that listens; a reader sees what was pushed after it began. Bounded per reader. */
export class EventQueue<T> {
  readonly #readers = new Set<{ readonly waiting: T[]; wake: () => void }>();
  readonly #limit: number;

  /** @param limit values kept for a slow reader; the oldest go first, since every value only says "look again". */
  constructor(limit = 1024) {
    this.#limit = limit;
  }

  push(value: T): void {
    for (const reader of this.#readers) {
      reader.waiting.push(value);
      if (reader.waiting.length > this.#limit) reader.waiting.shift();
      reader.wake();
    }
  }

  /** Listens from the moment of the call on, not from the first `next()`. Ends when `signal` aborts. */
  read(signal: AbortSignal): AsyncIterable<T> {
    const reader = { waiting: [] as T[], wake: (): void => undefined };
    const readers = this.#readers;
    readers.add(reader);
    async function* values(): AsyncGenerator<T> {
      const onAbort = (): void => reader.wake();
      signal.addEventListener('abort', onAbort);
      try {
        for (;;) {
          const value = reader.waiting.shift();
          if (value !== undefined) yield value;
          else if (signal.aborted) return;
          else await new Promise<void>((resolve) => (reader.wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
        readers.delete(reader);
      }
    }
    return values();
  }
}
