import { Readable } from 'node:stream';
import { systemClock, ConnectionError } from '@geobuk/client';
import type { RawRequest, RawResponse } from '@geobuk/client';
import { describe, expect, it } from 'vitest';
import { Dashboard } from '../testing/dashboard.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { feedLog } from './log-feed.js';
import { LogPage } from './log-page.js';

const time = (index: number): string => `2026-03-01T12:00:00.${String(index).padStart(9, '0')}Z`;

/** A container whose log stream breaks after some lines, again and again. */
class Breaking extends FakeConnection {
  readonly asked: (string | undefined)[] = [];
  readonly #lines: readonly string[];
  readonly #breakEvery: number;

  constructor(lines: readonly string[], breakEvery: number) {
    super();
    this.#lines = lines;
    this.#breakEvery = breakEvery;
  }

  override request({ query }: RawRequest): Promise<RawResponse> {
    const since = query?.['sinceTime'] as string | undefined;
    this.asked.push(since);
    const rest = this.#lines.filter((line) => since === undefined || line.slice(0, since.length) >= since);
    const now = rest.slice(0, this.#breakEvery);
    const over = now.length === rest.length;
    const body = Readable.from(
      (async function* () {
        yield Buffer.from(now.map((line) => `${line}\n`).join(''));
        if (!over) throw new ConnectionError('connection reset');
      })(),
    );
    return Promise.resolve({
      status: 200,
      header: () => undefined,
      body,
      text: () => Promise.resolve(''),
      json: () => Promise.resolve({}),
    });
  }
}

describe('logs', () => {
  it('G19 shows 100,000 lines at full speed without losing one', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    const page = new LogPage(
      { cluster: board.app.cluster('geobuk'), title: 't', sources: [], previous: false },
      board.app,
    );
    board.app.open(page);
    for (let index = 0; index < 100_000; index += 1) {
      page.add({ source: '', time: time(index), text: `line ${index}` });
      if (index % 5_000 === 0) board.app.paint();
    }
    expect(page.ring.length + page.ring.dropped).toBe(100_000);
    expect(page.ring.dropped).toBe(0);
    expect(await board.shows('line 99999')).toContain('[100000]');
  });

  it('G19 says how many lines had to go', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    const page = new LogPage(
      { cluster: board.app.cluster('geobuk'), title: 't', sources: [], previous: false },
      board.app,
      100_000,
    );
    board.app.open(page);
    for (let index = 0; index < 2_000; index += 1) page.add({ source: '', time: '', text: `line ${index}` });
    expect(await board.shows('the oldest')).toContain(`⚠ the oldest ${page.ring.dropped} lines were let go`);
  });

  it('G19 goes on after a broken stream without losing or doubling a line', async () => {
    // Several lines of the very same time, as fast programs write them.
    const lines = Array.from({ length: 95 }, (_, index) => `${time(Math.floor(index / 3))} line ${index}`);
    const connection = new Breaking(lines, 10);
    const seen: string[] = [];
    const deps = {
      connection,
      clock: { ...systemClock, after: () => Promise.resolve() },
      random: () => 0,
      add: ({ text }: { readonly text: string }) => void seen.push(text),
      note: () => undefined,
    };
    await feedLog(
      deps,
      { pod: { name: 'p' }, container: 'c', label: 'c' },
      { previous: false },
      new AbortController().signal,
    );
    expect(seen).toEqual(lines.map((line) => line.slice(line.indexOf(' ') + 1)));
    expect(connection.asked.length).toBeGreaterThan(5);
  });

  it('G20 searches all that is loaded, and keeps lines that arrive while it does not follow', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    const page = new LogPage(
      { cluster: board.app.cluster('geobuk'), title: 't', sources: [], previous: false },
      board.app,
    );
    board.app.open(page);
    for (let index = 0; index < 20_000; index += 1)
      page.add({ source: '', time: '', text: index === 7 ? 'the needle' : `line ${index}` });
    await board.shows('line 19999');
    board.filter('needle');
    expect(await board.shows('the needle')).not.toContain('line 19999');
    board.press('escape', 'home');
    await board.shows('Autoscroll:Off');
    page.add({ source: '', time: '', text: 'arrived meanwhile' });
    expect(await board.screen()).not.toContain('arrived meanwhile');
    board.press('end');
    await board.shows('arrived meanwhile');
    board.press('/');
    board.terminal.type('needle');
    board.press('enter', 'S-h');
    expect(await board.shows('the needle')).toContain('line 6');
  });
});
