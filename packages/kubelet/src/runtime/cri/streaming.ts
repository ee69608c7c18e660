import { finished } from 'node:stream/promises';
import { Duplex } from 'node:stream';
import type { Writable } from 'node:stream';
import { RuntimeError } from '../runtime.js';
import type { ExecStreams, TerminalSize } from '../runtime.js';
import { connectSpdy } from './spdy-session.js';
import type { SpdySession } from './spdy-session.js';

/** The error stream holds one Status or one sentence; more is cut. */
const verdictBytes = 64 << 10;

/**
 * Carries the streams of an exec or attach between the caller and the engine.
 * Follows: remotecommand v4 over SPDY (error, stdin, stdout, stderr, resize; the error stream ends with a Status).
 * @returns the exit code; 0 for an attach that ended.
 */
export async function execOverSpdy(url: string, streams: ExecStreams, signal: AbortSignal): Promise<number> {
  const session = await connectSpdy(url, 'v4.channel.k8s.io', signal);
  using _session = session;
  const onAbort = (): void => session[Symbol.dispose]();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    // The engine starts when exactly the streams that were asked for are open. Until then it reads no data, and a full
    // queue of data would hide the next stream from it: so first all are opened, then anything is sent.
    const open = (streamtype: string, wanted: boolean): Promise<Duplex> | undefined =>
      wanted ? session.open({ streamtype }) : undefined;
    const verdict = readVerdict(await session.open({ streamtype: 'error' }));
    const stdin = await open('stdin', streams.stdin !== undefined);
    const stdout = await open('stdout', streams.stdout !== undefined);
    const stderr = await open('stderr', streams.stderr !== undefined && !streams.tty);
    const resize = await open('resize', streams.tty);
    const pumps: Promise<void>[] = [];
    if (stdout && streams.stdout) pumps.push(pumpOut(stdout, streams.stdout, session));
    if (stderr && streams.stderr) pumps.push(pumpOut(stderr, streams.stderr, session));
    if (stdin && streams.stdin) pumpIn(streams.stdin, stdin);
    if (resize && streams.resize) pumpSizes(streams.resize, resize);
    const closed = session.closed().then((error) => error?.message ?? 'the connection closed');
    const text = await Promise.race([verdict, closed.then((why) => lost(why, signal))]);
    await Promise.race([Promise.all(pumps), closed]);
    return exitCodeOf(text);
  } finally {
    signal.removeEventListener('abort', onAbort);
    streams.stdout?.end();
    if (!streams.tty) streams.stderr?.end();
  }
}

/** One connection to a port inside the sandbox. Follows: portforward v1 over SPDY (an error and a data stream per connection). */
export async function portForwardOverSpdy(url: string, port: number, signal: AbortSignal): Promise<Duplex> {
  const session = await connectSpdy(url, 'portforward.k8s.io', signal);
  const headers = { port: String(port), requestid: '0' };
  const verdict = readVerdict(await session.open({ ...headers, streamtype: 'error' }));
  const data = await session.open({ ...headers, streamtype: 'data' });
  const duplex = sessionDuplex(session, data);
  void verdict.then((text) => {
    if (text !== '') duplex.destroy(new RuntimeError('Internal', text));
  });
  return duplex;
}

/** `data` as a stream of the caller's: its end is the end of the whole connection. */
function sessionDuplex(session: SpdySession, data: Duplex): Duplex {
  const duplex = new Duplex({
    read() {
      session.resume();
    },
    write(chunk: Buffer, _encoding, done) {
      data.write(chunk, (error) => done(error ?? null));
    },
    final(done) {
      data.end();
      done();
    },
    destroy(error, done) {
      session[Symbol.dispose]();
      done(error);
    },
  });
  data.on('data', (chunk: Buffer) => {
    if (!duplex.push(chunk)) session.pause();
  });
  data.once('end', () => duplex.push(null));
  void session.closed().then((error) => {
    if (error !== undefined && !duplex.destroyed) duplex.destroy(error);
    else if (!duplex.readableEnded) duplex.push(null);
  });
  return duplex;
}

async function readVerdict(stream: Duplex): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => (text = (text + chunk).slice(0, verdictBytes)));
  await finished(stream, { writable: false }).catch(() => undefined);
  return text;
}

const lost = (why: string, signal: AbortSignal): never => {
  signal.throwIfAborted();
  throw new RuntimeError('Unavailable', `lost the stream to the container runtime: ${why}`);
};

/** The verdict of remotecommand v4: nothing or Success is 0; a NonZeroExitCode has the code in its causes. */
export function exitCodeOf(text: string): number {
  if (text === '') return 0;
  const status = parsedStatus(text);
  if (status === undefined) throw new RuntimeError('Internal', text.trim());
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  const code = Number(cause?.message);
  if (cause === undefined || !Number.isInteger(code)) throw new RuntimeError('Internal', status.message ?? text.trim());
  return code;
}

interface RemoteStatus {
  readonly status?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

function parsedStatus(text: string): RemoteStatus | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Engines of the time before v4 write a plain sentence.
    return undefined;
  }
}

function pumpIn(from: NonNullable<ExecStreams['stdin']>, to: Duplex): void {
  from.pipe(to);
  from.once('error', () => to.end());
}

/** Copies until the engine ends the stream. While the caller is slow, nothing is read from the engine. */
function pumpOut(from: Duplex, to: Writable, session: SpdySession): Promise<void> {
  return new Promise((resolve) => {
    from.on('data', (chunk: Buffer) => {
      if (!to.destroyed && !to.writableEnded && !to.write(chunk)) session.pause();
    });
    const resume = (): void => session.resume();
    to.on('drain', resume).once('close', resume);
    from.once('end', resolve);
    from.once('close', resolve);
  });
}

function pumpSizes(sizes: AsyncIterable<TerminalSize>, to: Duplex): void {
  const pump = async (): Promise<void> => {
    // Names as Go's TerminalSize has them.
    for await (const { width, height } of sizes) to.write(JSON.stringify({ Width: width, Height: height }) + '\n');
  };
  // Whoever gives the sizes ends them; when that fails, the terminal only keeps its last size.
  pump().catch(() => to.end());
}
