import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import { controllerForMany } from '../cluster/many-listeners.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Canvas } from '../screen/frame.js';
import type { PaintName } from '../screen/paint.js';
import { wrap } from '../screen/text-width.js';
import type { MousePress } from '../terminal/terminal.js';
import { ansiSegments } from '../text/ansi-text.js';
import { jsonLogLine } from '../text/json-log.js';
import { LogRing } from '../text/log-ring.js';
import type { LogLine } from '../text/log-ring.js';
import type { StyledLine } from '../text/styled-text.js';
import { highlight, sliceLine, textOfLine } from '../text/styled-text.js';
import { feedLog } from './log-feed.js';
import type { LogRange, LogSource } from './log-feed.js';
import type { Page, PageFilter } from './page.js';

export interface LogPageOptions {
  readonly cluster: Cluster;
  readonly title: string;
  readonly sources: readonly LogSource[];
  /** All containers, when `sources` is only the default one. */
  readonly allSources?: readonly LogSource[] | undefined;
  readonly previous: boolean;
}

const ringBytes = 32 * 1024 * 1024;
const tailLines = 1_000;

const ranges: Readonly<Record<string, LogRange & { readonly name: string }>> = {
  sinceTail: { tailLines, name: 'tail' },
  sinceHead: { name: 'all' },
  since1m: { sinceSeconds: 60, name: '1m' },
  since5m: { sinceSeconds: 300, name: '5m' },
  since15m: { sinceSeconds: 900, name: '15m' },
  since30m: { sinceSeconds: 1_800, name: '30m' },
  since1h: { sinceSeconds: 3_600, name: '1h' },
};

const sourcePaints: readonly PaintName[] = [
  'series1',
  'series2',
  'series3',
  'series4',
  'highlight',
  'label',
  'string',
  'literal',
];

/**
 * Logs of one or many containers. Lines are kept in a ring bounded by bytes; none is dropped before the ring is full,
 * whatever the screen does, and what the ring let go is said in the first row.
 */
export class LogPage implements Page {
  readonly crumb = 'logs';
  readonly cluster: Cluster;
  readonly ring: LogRing;
  readonly #options: LogPageOptions;
  readonly #services: Services;
  #range = 'sinceTail';
  #autoscroll = true;
  #timestamps = false;
  #wrapped = false;
  #all = false;
  #json = false;
  #hideOthers = true;
  #filterText = '';
  #pattern: RegExp | undefined;
  #inverse = false;
  #problem = '';
  /** Indexes, from the first line ever, of lines the filter lets through; undefined: all. */
  #shown: number[] | undefined;
  #scanned = 0;
  #match = 0;
  #offset = 0;
  #height = 1;
  #feeds: AbortController | undefined;
  #signal: AbortSignal | undefined;

  constructor(options: LogPageOptions, services: Services, limitBytes = ringBytes) {
    this.#options = options;
    this.#services = services;
    this.cluster = options.cluster;
    this.ring = new LogRing(limitBytes);
    const { logAutoscroll, logTime, logWrap } = services.personal.k9s;
    this.#autoscroll = logAutoscroll ?? true;
    this.#timestamps = logTime ?? false;
    this.#wrapped = logWrap ?? false;
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.#restart();
  }

  get filter(): PageFilter {
    return {
      text: this.#filterText,
      set: (text) => this.#setFilter(text),
      problem: this.#problem === '' ? undefined : this.#problem,
    };
  }

  /** Lines the filter lets through, of those held. */
  get visibleCount(): number {
    this.#scan();
    return this.#shown === undefined ? this.ring.length : this.#shown.length;
  }

  draw(canvas: Canvas): void {
    const filter = this.#filterText === '' ? '' : ` </${this.#filterText}>`;
    const inner = canvas.box(
      `logs ${this.#options.title}${this.#options.previous ? ' (previous)' : ''}[${this.ring.length}]${filter}`,
    );
    this.#drawToggles(inner.region(0, 0, inner.width, 1));
    this.#drawLines(inner.region(0, 1, inner.width, inner.height - 1));
    const { dropped } = this.ring;
    if (dropped > 0) canvas.text(2, canvas.height - 1, ` ⚠ the oldest ${dropped} lines were let go `, 'warn');
  }

  actions(): Actions {
    const services = this.#services;
    const changed =
      (act: () => void): (() => void) =>
      () => {
        act();
        services.invalidate();
      };
    const since = Object.fromEntries(
      Object.keys(ranges).map((id) => [
        id,
        changed(() => {
          this.#range = id;
          this.#restart();
        }),
      ]),
    ) as Actions;
    return {
      up: changed(() => this.#scroll(-1)),
      down: changed(() => this.#scroll(1)),
      pageUp: changed(() => this.#scroll(-this.#height)),
      pageDown: changed(() => this.#scroll(this.#height)),
      top: changed(() => this.#scroll(-Infinity)),
      bottom: changed(() => this.#scroll(Infinity)),
      autoscroll: changed(() => (this.#autoscroll = !this.#autoscroll)),
      timestamps: changed(() => (this.#timestamps = !this.#timestamps)),
      wrap: changed(() => (this.#wrapped = !this.#wrapped)),
      jsonColumns: changed(() => (this.#json = !this.#json)),
      filterMode: changed(() => {
        this.#hideOthers = !this.#hideOthers;
        this.#rescan();
        if (!this.#hideOthers) this.#jump(1, 0);
      }),
      ...(this.#pattern === undefined || this.#hideOthers
        ? {}
        : { nextMatch: changed(() => this.#jump(1)), previousMatch: changed(() => this.#jump(-1)) }),
      markLine: changed(() => this.#note('─'.repeat(40))),
      clearLog: changed(() => {
        this.ring.clear();
        this.#rescan();
      }),
      ...(this.#options.allSources === undefined
        ? {}
        : {
            allContainers: changed(() => {
              this.#all = !this.#all;
              this.#restart();
            }),
          }),
      copyText: () => {
        const lines = [...this.ring].map((line) => this.#plain(line));
        services.terminal.copy(lines.join('\n'));
        services.flash('info', `${lines.length} lines copied`);
      },
      saveText: () =>
        services.act(async () => {
          const text = [...this.ring].map((line) => `${line.time} ${line.source} ${line.text}`).join('\n');
          services.flash('info', `saved ${await services.outside.saveText('logs.txt', text)}`);
        }),
      ...since,
    };
  }

  escape(): boolean {
    if (this.#filterText === '') return false;
    this.#setFilter('');
    return true;
  }

  mouse({ action }: MousePress): void {
    if (action === 'wheelUp') this.#scroll(-3);
    if (action === 'wheelDown') this.#scroll(3);
    this.#services.invalidate();
  }

  /** Takes a line in; public for feeds and tests. */
  add(line: LogLine): void {
    this.ring.add(line);
    this.#services.invalidate();
  }

  #restart(): void {
    this.#feeds?.abort(new Error('the log is read anew'));
    this.ring.clear();
    this.#rescan();
    const signal = this.#signal;
    if (signal === undefined) return;
    const feeds = controllerForMany();
    this.#feeds = feeds;
    if (signal.aborted) return;
    signal.addEventListener('abort', () => feeds.abort(signal.reason), { once: true });
    const sources = this.#all ? (this.#options.allSources ?? this.#options.sources) : this.#options.sources;
    for (const source of sources) void this.#services.act(() => this.#feed(source, feeds.signal));
  }

  async #feed(source: LogSource, signal: AbortSignal): Promise<void> {
    const connection = await this.cluster.connection(signal);
    const deps = {
      connection,
      clock: this.#services.clock,
      random: Math.random,
      add: (line: LogLine) => this.add(line),
      note: (text: string) => this.#note(text),
    };
    await feedLog(deps, source, { ...ranges[this.#range], previous: this.#options.previous }, signal);
  }

  #note(text: string): void {
    this.add({ source: '', time: '', text: `── ${text}` });
  }

  #setFilter(text: string): void {
    this.#filterText = text;
    this.#problem = '';
    this.#inverse = text.startsWith('!');
    const source = this.#inverse ? text.slice(1) : text;
    try {
      this.#pattern = source === '' ? undefined : new RegExp(source, 'i');
    } catch {
      this.#problem = `not a regular expression: ${source}`;
      this.#pattern = undefined;
    }
    this.#rescan();
    this.#services.invalidate();
  }

  #rescan(): void {
    this.#shown = this.#pattern !== undefined && this.#hideOthers ? [] : undefined;
    this.#scanned = this.ring.first;
    if (this.#autoscroll) this.#offset = Number.MAX_SAFE_INTEGER;
  }

  /** Looks at lines that came since the last time; each is matched once. */
  #scan(): void {
    const { ring } = this;
    const shown = this.#shown;
    if (shown === undefined || this.#pattern === undefined) return;
    const gone = shown.findIndex((index) => index >= ring.first);
    if (gone > 0) shown.splice(0, gone);
    else if (gone < 0) shown.length = 0;
    for (let index = Math.max(this.#scanned, ring.first); index < ring.first + ring.length; index += 1) {
      if (this.#pattern.test(ring.at(index - ring.first)!.text) !== this.#inverse) shown.push(index);
    }
    this.#scanned = ring.first + ring.length;
  }

  #scroll(by: number): void {
    const last = Math.max(0, this.visibleCount - this.#height);
    this.#offset = Math.max(0, Math.min((this.#autoscroll ? last : this.#offset) + by, last));
    // Reading further up stops the following; coming back to the end resumes it.
    this.#autoscroll = this.#offset >= last;
  }

  /** To the next line that matches, with the lines around it. */
  #jump(step: 1 | -1, from = this.#match + step): void {
    const pattern = this.#pattern;
    if (pattern === undefined) return;
    for (let index = from; index >= 0 && index < this.ring.length; index += step) {
      if (pattern.test(this.ring.at(index)!.text) === this.#inverse) continue;
      this.#match = index;
      this.#autoscroll = false;
      this.#offset = Math.max(0, index - Math.floor(this.#height / 3));
      return;
    }
  }

  #drawToggles(canvas: Canvas): void {
    const toggles: readonly (readonly [string, boolean | string])[] = [
      ['Autoscroll', this.#autoscroll],
      ['Timestamps', this.#timestamps],
      ['Wrap', this.#wrapped],
      ['JSON', this.#json],
      ['Since', ranges[this.#range]?.name ?? ''],
    ];
    let x = 1;
    for (const [name, state] of toggles) {
      x = canvas.text(x, 0, `${name}:`, 'dim');
      const text = typeof state === 'string' ? state : state ? 'On' : 'Off';
      x = canvas.text(x, 0, `${text}  `, state === true ? 'ok' : 'hintText');
    }
  }

  #drawLines(canvas: Canvas): void {
    this.#height = canvas.height;
    const count = this.visibleCount;
    const last = Math.max(0, count - canvas.height);
    if (this.#autoscroll) this.#offset = last;
    this.#offset = Math.min(this.#offset, last);
    if (count === 0) canvas.text(1, 0, this.ring.length === 0 ? 'no lines yet' : 'no line matches', 'dim');
    if (!this.#wrapped) {
      for (let y = 0; y < canvas.height; y += 1) this.#drawLine(canvas, y, this.#lineAt(this.#offset + y));
      return;
    }
    // Wrapped: the screen is filled from the end, so that the last line is always seen.
    const rows: StyledLine[] = [];
    for (
      let index = Math.min(count, this.#offset + canvas.height) - 1;
      index >= this.#offset && rows.length < canvas.height;
      index -= 1
    ) {
      const line = this.#lineAt(index);
      if (line === undefined) continue;
      let from = 0;
      const pieces = wrap(textOfLine(line), canvas.width).map((text) => {
        const piece = sliceLine(line, from, from + text.length);
        from += text.length;
        return piece;
      });
      rows.unshift(...pieces);
    }
    rows.slice(-canvas.height).forEach((row, y) => this.#drawLine(canvas, y, row));
  }

  #drawLine(canvas: Canvas, y: number, line: StyledLine | undefined): void {
    let x = 0;
    for (const { text, paint } of line ?? []) x = canvas.text(x, y, text, paint);
  }

  #lineAt(index: number): StyledLine | undefined {
    const at = this.#shown === undefined ? index : (this.#shown[index] ?? -1) - this.ring.first;
    const line = this.ring.at(at);
    return line === undefined ? undefined : this.#styled(line);
  }

  #plain(line: LogLine): string {
    return textOfLine(this.#styled(line));
  }

  #styled(line: LogLine): StyledLine {
    const sources = this.#all ? (this.#options.allSources ?? []) : this.#options.sources;
    const body = (this.#json ? jsonLogLine(line.text) : undefined) ?? ansiSegments(line.text);
    const found =
      this.#pattern === undefined || this.#inverse ? body : highlight(body, rangesIn(textOfLine(body), this.#pattern));
    return [
      ...(this.#timestamps && line.time !== '' ? [{ text: `${line.time} `, paint: 'dim' as const }] : []),
      ...(sources.length > 1 && line.source !== ''
        ? [
            {
              text: `${line.source} `,
              paint:
                sourcePaints[sources.findIndex(({ label }) => label === line.source) % sourcePaints.length] ?? 'dim',
            },
          ]
        : []),
      ...found,
    ];
  }
}

const rangesIn = (
  text: string,
  pattern: RegExp,
): readonly { readonly from: number; readonly to: number; readonly paint: PaintName }[] =>
  [...text.matchAll(new RegExp(pattern.source, 'gi'))].flatMap(({ 0: found, index }) =>
    found === '' ? [] : [{ from: index, to: index + found.length, paint: 'match' as const }],
  );
