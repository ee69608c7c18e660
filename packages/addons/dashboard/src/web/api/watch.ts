import { ApiFailure, isAbort, send } from './request.js';

export interface WatchFrame {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** The lines of an answer as they come; ends with it. */
export async function* linesOf(response: Response): AsyncGenerator<readonly string[]> {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) yield lines;
    }
    if (rest !== '') yield [rest];
  } finally {
    await reader.cancel().catch(() => undefined); // it may be broken already, which ends it as well
  }
}

export interface FollowOptions {
  readonly accept: string;
  readonly signal: AbortSignal;
  /** A complete list, with its resourceVersion. */
  readonly listed: (list: unknown) => string;
  /** @returns the resourceVersion that the frames lead to. */
  readonly changed: (frames: readonly WatchFrame[]) => string | undefined;
  /** undefined: all is well again. */
  readonly failed: (error: Error | undefined) => void;
}

const shortestPauseMs = 500;
const longestPauseMs = 10_000;

/** Lists, then watches, for ever: over restarts of the API server and versions that have become too old. */
export async function follow(path: string, query: string, options: FollowOptions): Promise<void> {
  const { accept, signal, listed, changed, failed } = options;
  const suffix = query === '' ? '' : `&${query}`;
  let version: string | undefined;
  let pauseMs = shortestPauseMs;
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const list = (await (
          await send('GET', `${path}?${query}`, { accept, signal, background: true })
        ).json()) as unknown;
        version = listed(list);
        failed(undefined);
      }
      const watch = `${path}?watch=true&allowWatchBookmarks=true&resourceVersion=${version}${suffix}`;
      const response = await send('GET', watch, { accept, signal, background: true });
      failed(undefined);
      pauseMs = shortestPauseMs;
      for await (const lines of linesOf(response)) {
        const frames = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as WatchFrame);
        const error = frames.find(({ type }) => type === 'ERROR');
        if (error !== undefined) {
          version = undefined; // too old, most often: begin anew with a list
          break;
        }
        version = changed(frames) ?? version;
      }
    } catch (error) {
      if (isAbort(error)) return;
      if (error instanceof ApiFailure && error.code === 410) version = undefined;
      failed(error as Error);
      if (error instanceof ApiFailure && (error.code === 403 || error.code === 401 || error.code === 404)) return;
    }
    await pause(pauseMs * (1 + Math.random()), signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
