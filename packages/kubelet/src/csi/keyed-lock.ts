/** One holder at a time for each key, in the order they came. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  async hold(key: string): Promise<Disposable> {
    const before = this.#tails.get(key);
    let release: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => (release = resolve));
    const tail = before === undefined ? mine : before.then(() => mine);
    this.#tails.set(key, tail);
    await before;
    return {
      [Symbol.dispose]: () => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
        release();
      },
    };
  }
}
