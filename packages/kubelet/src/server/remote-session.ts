import { PassThrough } from 'node:stream';
import type { Status } from '@geobuk/api';
import type { ExecStreams, TerminalSize } from '../runtime/runtime.js';

/** Which streams the client asked for. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The far end of an exec or attach, whatever carries it. */
export interface RemoteSession {
  readonly streams: ExecStreams;
  /** Fires when the client is gone. */
  readonly gone: AbortSignal;
  /** Tells how it ended, after all output, and closes. */
  finish(status: Partial<Status>): Promise<void>;
}

/** Sizes as they come; only the newest counts. */
export class TerminalSizes implements AsyncIterable<TerminalSize> {
  readonly #source = new PassThrough({ objectMode: true, highWaterMark: 16 });

  /** Reads `{"Width":80,"Height":24}`; anything else is not for us. */
  push(text: string): void {
    let parsed: { readonly Width?: unknown; readonly Height?: unknown };
    try {
      parsed = JSON.parse(text) as typeof parsed;
    } catch {
      // A client's half message; the next one will be whole.
      return;
    }
    if (typeof parsed.Width !== 'number' || typeof parsed.Height !== 'number') return;
    this.#source.write({ width: parsed.Width, height: parsed.Height });
  }

  end(): void {
    this.#source.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<TerminalSize> {
    return this.#source[Symbol.asyncIterator]() as AsyncIterator<TerminalSize>;
  }
}
