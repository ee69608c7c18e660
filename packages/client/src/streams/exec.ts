import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ObjectKey, Status } from '@geobuk/api';
import { ApiError, pods, resourcePath } from '@geobuk/api';
import { allSettledOrThrow } from '../all-settled-or-throw.js';
import { ConnectionError, isConnectionError } from '../connection-error.js';
import type { Channels } from '../http/channels.js';
import type { HttpClient } from '../http/http-client.js';
import { queryOf } from '../http/query.js';
import { isStatus } from '../http/status-error.js';
import { textOf } from '../http/transport.js';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface AttachOptions {
  readonly container?: string | undefined;
  readonly stdin?: Readable | undefined;
  /** Not ended by the call. */
  readonly stdout?: Writable | undefined;
  /** Not ended by the call. With a terminal everything comes on stdout. */
  readonly stderr?: Writable | undefined;
  readonly tty?: boolean | undefined;
  /** The terminal's size, now and whenever it changes. */
  readonly sizes?: AsyncIterable<TerminalSize> | undefined;
  readonly signal: AbortSignal;
}

export interface ExecOptions extends AttachOptions {
  readonly command: readonly string[];
}

const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4 } as const;
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const statusLimitBytes = 1 << 20;

type StreamingClient = Pick<HttpClient, 'openChannels'>;

/**
 * Runs a command in a container to its end.
 * @returns its exit code. @throws {ApiError} any other failure that the server tells of.
 */
export function execInPod(client: StreamingClient, pod: ObjectKey, options: ExecOptions): Promise<number> {
  return stream(client, pod, 'exec', options, { command: options.command });
}

/** Joins the streams of a container's main process. @returns its exit code. */
export function attachToPod(client: StreamingClient, pod: ObjectKey, options: AttachOptions): Promise<number> {
  return stream(client, pod, 'attach', options, {});
}

async function stream(
  client: StreamingClient,
  pod: ObjectKey,
  subresource: 'exec' | 'attach',
  options: AttachOptions,
  more: { readonly command?: readonly string[] },
): Promise<number> {
  const { container, stdin, stdout, stderr, tty = false, sizes, signal } = options;
  const query = queryOf({
    ...more,
    container,
    stdin: stdin !== undefined,
    stdout: stdout !== undefined,
    stderr: stderr !== undefined && !tty,
    tty,
  });
  using channels = await client.openChannels(`${resourcePath(pods, pod, subresource)}${query}`, { protocols, signal });
  const status = textOf(channels.incoming(channel.status), statusLimitBytes, signal);
  status.catch(() => undefined);
  const over = new AbortController();
  const input = stdin === undefined ? Promise.resolve() : sendInput(channels, stdin, over.signal);
  const resizing = sizes === undefined ? Promise.resolve() : sendSizes(channels, sizes, over.signal);
  try {
    const lost = channels.closed.then(
      () => undefined,
      (error: Error) => error,
    );
    await allSettledOrThrow([receive(channels, channel.stdout, stdout), receive(channels, channel.stderr, stderr)]);
    const text = await status;
    // With the result in hand it does not matter how politely the server hung up.
    if (text === '') throw (await lost) ?? new ConnectionError('the stream ended without a result');
    return exitCodeOf(text);
  } finally {
    over.abort(new Error('the command has ended'));
    await allSettledOrThrow([input, resizing]);
  }
}

async function receive(channels: Channels, from: number, to: Writable | undefined): Promise<void> {
  const incoming = channels.incoming(from);
  if (to === undefined) incoming.resume();
  else await pipeline(incoming, to, { end: false });
}

/** Ends with the input, or when the command has ended before it. */
async function sendInput(channels: Channels, stdin: Readable, over: AbortSignal): Promise<void> {
  await untilOver(over, async () => {
    const iterator = stdin.iterator({ destroyOnReturn: false });
    for (;;) {
      const step = await next(iterator, over);
      if (step === undefined || step.done === true) break;
      await channels.send(channel.stdin, Buffer.isBuffer(step.value) ? step.value : Buffer.from(String(step.value)));
    }
    if (!over.aborted) await channels.end(channel.stdin);
  });
}

async function sendSizes(channels: Channels, sizes: AsyncIterable<TerminalSize>, over: AbortSignal): Promise<void> {
  await untilOver(over, async () => {
    const iterator = sizes[Symbol.asyncIterator]();
    for (;;) {
      const step = await next(iterator, over);
      if (step === undefined || step.done === true) break;
      const { columns: Width, rows: Height } = step.value;
      await channels.send(channel.resize, Buffer.from(JSON.stringify({ Width, Height })));
    }
  });
}

/** What cannot be sent any more because the command has ended, or the stream broke (which `closed` tells), is no failure of its own. */
async function untilOver(over: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!over.aborted && !isConnectionError(error)) throw error;
  }
}

function next<T>(iterator: AsyncIterator<T>, over: AbortSignal): Promise<IteratorResult<T> | undefined> {
  return new Promise((resolve, reject) => {
    if (over.aborted) {
      resolve(undefined);
      return;
    }
    const ended = (): void => resolve(undefined);
    over.addEventListener('abort', ended, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => over.removeEventListener('abort', ended))
      .catch(() => undefined);
  });
}

/** Follows: channel 3 from v4 on: Success, or Failure with cause ExitCode. */
/** A kubelet's result is a Status that says neither kind nor apiVersion. */
const isResult = (value: unknown): value is Status =>
  isStatus(value) ||
  (typeof value === 'object' &&
    value !== null &&
    'status' in value &&
    (value.status === 'Success' || value.status === 'Failure'));

function exitCodeOf(text: string): number {
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch (error) {
    throw new ConnectionError(`the stream ended with ${text.slice(0, 200)}`, { cause: error });
  }
  if (!isResult(status)) throw new ConnectionError(`the stream ended with ${text.slice(0, 200)}`);
  if (status.status === 'Success') return 0;
  const causes = (status as Status).details?.causes ?? [];
  const exitCode = causes.find(({ reason }) => reason === 'ExitCode')?.message;
  if (exitCode !== undefined && /^\d+$/.test(exitCode)) return Number(exitCode);
  throw new ApiError({
    ...status,
    message: status.message ?? 'the command could not be run',
    code: status.code ?? 500,
  });
}
