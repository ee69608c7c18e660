import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node-pty';
import type { IPty } from 'node-pty';
import type { Terminal as Emulator } from '@xterm/headless';
import { describe, expect, it } from 'vitest';

const { Terminal: HeadlessEmulator } = createRequire(import.meta.url)('@xterm/headless') as {
  Terminal: typeof Emulator;
};

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The program itself in a pseudo-terminal, on the recorded cluster. */
class RealTerminal implements AsyncDisposable {
  readonly #pty: IPty;
  readonly #emulator: Emulator;
  readonly #exited: Promise<number>;
  firstFrameMs = 0;
  readonly #startedAt = performance.now();

  constructor(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}, width = 80, height = 24) {
    this.#emulator = new HeadlessEmulator({ cols: width, rows: height, allowProposedApi: true });
    this.#pty = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@geobuk/source', 'src/testing/demo.ts', ...args],
      {
        name: 'xterm-256color',
        cols: width,
        rows: height,
        cwd: packageRoot,
        env: { ...process.env, ...env } as Record<string, string>,
      },
    );
    this.#pty.onData((data) => {
      if (this.firstFrameMs === 0 && data.includes('Context')) this.firstFrameMs = performance.now() - this.#startedAt;
      this.#emulator.write(data);
    });
    this.#exited = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  get exited(): Promise<number> {
    return this.#exited;
  }

  get buffer(): string {
    return this.#emulator.buffer.active.type;
  }

  send(keys: string): void {
    this.#pty.write(keys);
  }

  resize(width: number, height: number): void {
    this.#emulator.resize(width, height);
    this.#pty.resize(width, height);
  }

  lines(): readonly string[] {
    const { active } = this.#emulator.buffer;
    return Array.from(
      { length: this.#emulator.rows },
      (_, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? '',
    );
  }

  shows(what: string): Promise<string> {
    return this.until((screen) => screen.includes(what), what);
  }

  async until(holds: (screen: string) => boolean, what: string): Promise<string> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const screen = this.lines().join('\n');
      if (holds(screen)) return screen;
      if (Date.now() > deadline) throw new Error(`the terminal never showed ${what}:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pty.kill('SIGKILL');
    await this.#exited;
    this.#emulator.dispose();
  }
}

/** Needs a pseudo-terminal. */
describe('in a real terminal', () => {
  it('starts, is driven by keys, and leaves the terminal as it was', async () => {
    await using terminal = new RealTerminal();
    await terminal.shows('web-5d8f-c');
    expect(terminal.buffer).toBe('alternate');
    terminal.send(':dep\r');
    await terminal.shows('deployments(default)[1]');
    terminal.send('\r');
    await terminal.shows('pods(default) of web[3]');
    terminal.send('\x1b');
    await terminal.shows('deployments(default)[1]');
    terminal.send('?');
    await terminal.shows('help: deployments');
    terminal.send('\x03');
    expect(await terminal.exited).toBe(0);
    expect(terminal.buffer).toBe('normal');
  });

  it('G1 paints the first frame with the API server unreachable', async () => {
    await using terminal = new RealTerminal(['--unreachable']);
    await terminal.shows('connecting to');
    // Compiling the sources on the way costs most of this; the built program needs a tenth (scripts/first-frame.mjs).
    expect(terminal.firstFrameMs).toBeLessThan(60_000);
    terminal.send(':ctx geobuk\r');
    await terminal.shows('web-5d8f-a');
  });

  it('follows the size of the window', async () => {
    await using terminal = new RealTerminal();
    await terminal.shows('web-5d8f-c');
    terminal.resize(140, 40);
    await terminal.shows('거북');
    terminal.resize(60, 15);
    const small = (screen: string): boolean => screen.includes('web-5d8f-c') && !screen.includes('거북');
    const screen = await terminal.until(small, 'the small screen');
    expect(screen.split('\n')[1]).toContain('┌─ pods(default)');
  });

  it('gives the terminal to the editor and takes it back', async () => {
    await using terminal = new RealTerminal(['deployments'], {
      EDITOR: `${process.execPath} -e console.log("editing")`,
    });
    await terminal.shows('2/3');
    terminal.send('e');
    await terminal.shows('nothing changed');
    expect(terminal.buffer).toBe('alternate');
    terminal.send('j');
    await terminal.shows('deployments(default)[1]');
  });

  it('draws without colour when NO_COLOR is set', async () => {
    await using terminal = new RealTerminal([], { NO_COLOR: '1' });
    await terminal.shows('✖ web-5d8f-c');
  });

  it('takes clicks', async () => {
    await using terminal = new RealTerminal();
    await terminal.shows('1/5');
    terminal.send('\x1b[<0;10;10M');
    await terminal.shows('4/5');
  });
});
