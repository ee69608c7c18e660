import { PassThrough } from 'node:stream';
import type { ObjectKey, Pod, Service } from '@geobuk/api';
import { pods } from '@geobuk/api';
import { attachToPod, execInPod } from '@geobuk/client';
import type { TerminalSize } from '@geobuk/client';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { TablePage } from '../pages/table-page.js';
import type { RawTerminal } from '../terminal/terminal.js';
import { podChoiceOf, selectorsOf } from './open-row.js';

/** Finds the best shell there is in the container. An argument array: nothing is interpreted on the way. */
const shellCommand = ['sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash || exec sh'];
const windowsShell = ['cmd.exe', '/c', 'powershell -NoLogo || cmd'];

async function containerOf(pod: Pod, services: Services): Promise<string | undefined> {
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
}

/** Gives the terminal to a command in a container, and takes it back when that ends. */
export async function openSession(
  { cluster, services, key, pod, container, kind }: SessionOptions,
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
          command: pod.spec.os?.name === 'windows' ? windowsShell : shellCommand,
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

interface PortChoice {
  readonly label: string;
  readonly port: number;
}

function portsOf(pod: Pod, service: Service | undefined): readonly PortChoice[] {
  const declared = pod.spec.containers.flatMap(({ name, ports = [] }) =>
    ports.map(({ containerPort, name: portName }) => ({
      label: `${name} ${portName ?? ''} ${containerPort}`,
      port: containerPort,
      name: portName,
    })),
  );
  if (service === undefined) return declared;
  return (service.spec.ports ?? []).map(({ port, targetPort, name }) => {
    const target = targetPort ?? port;
    const number = typeof target === 'number' ? target : (declared.find((one) => one.name === target)?.port ?? port);
    return { label: `${name ?? ''} ${port} → ${number}`, port: number };
  });
}

/** `Shift-F`: a local port into the pod; from a workload or service into whichever of its pods is ready. */
export async function forwardPort(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const { services } = page;
  await services.act(async (signal) => {
    const cluster = page.clusterOf(row);
    const choice = podChoiceOf(page, row);
    if (choice === undefined) {
      services.flash('warn', `${row.key.name} selects no pods`);
      return;
    }
    const connection = await cluster.connection(signal);
    const namespace = row.key.namespace ?? '';
    const selectors = selectorsOf(choice, row);
    const { items } = await connection.list(pods, { namespace, ...selectors, signal });
    const pod = items[0];
    if (pod === undefined) {
      services.flash('warn', `${row.key.name} has no pods`);
      return;
    }
    const service = page.type.plural === 'services' ? (row.object as Service) : undefined;
    const ports = portsOf(pod, service);
    const first = ports[0]?.port;
    const answer = await services.dialogs.form(
      `Port-forward to ${page.type.singular} ${row.key.name}`,
      [
        { name: 'port', label: 'Pod port', value: String(first ?? '') },
        { name: 'local', label: 'Local port', value: String(first !== undefined && first >= 1024 ? first : 0) },
        { name: 'address', label: 'Address', value: '127.0.0.1' },
      ],
      'Forward',
    );
    if (answer === undefined) return;
    const port = Number(answer['port']);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      services.flash('alert', `not a port: ${answer['port'] ?? ''}`);
      return;
    }
    const target = {
      cluster,
      namespace,
      name: `${page.type.singular}/${row.key.name}`,
      port,
      ...(choice.by === 'name' ? { pod: row.key.name } : { labelSelector: selectors.labelSelector ?? '' }),
    };
    const forward = await services.forwards.open(
      target,
      Number(answer['local']),
      answer['address'] ?? '127.0.0.1',
      services.clock.now(),
    );
    services.flash('info', `forwarding ${forward.address}:${forward.localPort} to ${target.name}:${port}`);
  });
}
