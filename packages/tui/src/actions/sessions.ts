import { PassThrough } from 'node:stream';
import type { ObjectKey, Pod } from '@geobuk/api';
import { pods } from '@geobuk/api';
import { attachToPod, execInPod } from '@geobuk/client';
import type { TerminalSize } from '@geobuk/client';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { TablePage } from '../pages/table-page.js';
import type { RawTerminal } from '../terminal/terminal.js';

/** Finds the best shell there is in the container. An argument array: nothing is interpreted on the way. */
const shellCommand = ['sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash || exec sh'];
const windowsShell = ['cmd.exe', '/c', 'powershell -NoLogo || cmd'];

/** The container an act is about: the default one, the only one, or one that is chosen. */
export async function containerOf(pod: Pod, services: Services): Promise<string | undefined> {
  const names = pod.spec.containers.map(({ name }) => name);
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (preferred !== undefined && names.includes(preferred)) return preferred;
  return names.length < 2 ? names[0] : services.dialogs.choose('Container', names);
}

/** `s` on a pod. */
export async function shellInto(page: TablePage): Promise<void> {
  await session(page, 'exec');
}

/** `a` on a pod. */
export async function attachTo(page: TablePage): Promise<void> {
  await session(page, 'attach');
}

async function session(page: TablePage, kind: 'exec' | 'attach'): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  await page.services.act(async (signal) => {
    const cluster = page.clusterOf(row);
    const connection = await cluster.connection(signal);
    const pod = await connection.read(pods, row.key, { signal });
    const container = await containerOf(pod, page.services);
    if (container !== undefined)
      await openSession({ cluster, services: page.services, key: row.key, pod, container, kind }, signal);
  });
}

export interface SessionOptions {
  readonly cluster: Cluster;
  readonly services: Services;
  readonly key: ObjectKey;
  readonly pod: Pod;
  readonly container: string;
  readonly kind: 'exec' | 'attach';
  /** What to run; absent: the best shell there is. */
  readonly command?: readonly string[] | undefined;
}

/** Gives the terminal to a command in a container, and takes it back when that ends. */
export async function openSession(
  { cluster, services, key, pod, container, kind, command }: SessionOptions,
  signal: AbortSignal,
): Promise<void> {
  if (pod.status?.phase !== 'Running') {
    services.flash('warn', `${key.name} is not running: ${pod.status?.phase ?? 'unknown'}`);
    return;
  }
  const connection = await cluster.connection(signal);
  const code = await services.terminal.handOver('raw', async (raw) => {
    raw.write(
      `<< ${kind === 'exec' ? 'shell in' : 'attached to'} ${key.namespace ?? ''}/${key.name} container ${container} >>\r\n`,
    );
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    stdout.on('data', (data: Buffer) => raw.write(data));
    using _input = raw.onInput((data) => void stdin.write(data));
    using sizes = new SizeFeed(raw);
    const options = { container, stdin, stdout, tty: true, sizes, signal };
    return kind === 'exec'
      ? await execInPod(connection, key, {
          ...options,
          command: command ?? (pod.spec.os?.name === 'windows' ? windowsShell : shellCommand),
        })
      : await attachToPod(connection, key, options);
  });
  if (code !== 0) services.flash('warn', `the session ended with code ${code}`);
}

/** The terminal's size now, and whenever it changes. */
class SizeFeed implements AsyncIterable<TerminalSize>, Disposable {
  readonly #raw: RawTerminal;
  readonly #listening: Disposable;
  #wake: (() => void) | undefined;
  #pending = true;
  #over = false;

  constructor(raw: RawTerminal) {
    this.#raw = raw;
    this.#listening = raw.onResize(() => {
      this.#pending = true;
      this.#wake?.();
    });
  }

  async *[Symbol.asyncIterator](): AsyncIterator<TerminalSize> {
    while (!this.#over) {
      if (this.#pending) {
        this.#pending = false;
        const { width, height } = this.#raw.size;
        yield { columns: width, rows: height };
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#listening[Symbol.dispose]();
    this.#wake?.();
  }
}
