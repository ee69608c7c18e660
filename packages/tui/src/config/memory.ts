import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '@geobuk/client';
import { fieldsAt, isFields, numberIn, textIn, textsIn } from './fields.js';

/** A port-forward with a name, to be opened again. */
export interface SavedForward {
  readonly name: string;
  readonly namespace: string;
  /** As it is shown, such as `service/web`. */
  readonly target: string;
  readonly port: number;
  readonly localPort: number;
  readonly address: string;
  readonly pod?: string | undefined;
  readonly labelSelector?: string | undefined;
}

/** What is kept of one context. */
export interface ContextMemory {
  readonly view?: string | undefined;
  readonly namespace?: string | undefined;
  readonly favourites?: readonly string[] | undefined;
  readonly forwards?: readonly SavedForward[] | undefined;
}

export interface SavedSort {
  readonly title: string;
  readonly descending: boolean;
}

interface Content {
  readonly contexts: Readonly<Record<string, ContextMemory>>;
  readonly sorts: Readonly<Record<string, SavedSort>>;
  readonly filters: readonly string[];
  readonly commands: readonly string[];
}

export interface MemoryDeps {
  /** Absent: nothing outlives the program. */
  readonly path?: string | undefined;
  readonly clock: Clock;
  readonly failed: (reason: string) => void;
}

const saveAfterMs = 500;
const mostLines = 50;

/**
 * What the dashboard remembers from one run to the next: the last view, favourite namespaces and named port-forwards of
 * each context, how kinds were sorted, filters and commands. Nothing of a cluster's content is in it.
 */
export class Memory implements AsyncDisposable {
  readonly #deps: MemoryDeps;
  #content: Content = { contexts: {}, sorts: {}, filters: [], commands: [] };
  #timer: Disposable | undefined;
  #dirty = false;

  constructor(deps: MemoryDeps) {
    this.#deps = deps;
  }

  /** Reads what was kept. A file that cannot be understood is told of and counts as empty. */
  async load(): Promise<void> {
    const { path, failed } = this.#deps;
    if (path === undefined) return;
    try {
      this.#content = contentOf(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') failed(`cannot read ${path}: ${message}; starting without it`);
    }
  }

  of(context: string): ContextMemory {
    return this.#content.contexts[context] ?? {};
  }

  /** Changes what is kept of a context. */
  keep(context: string, change: ContextMemory): void {
    const { contexts } = this.#content;
    this.#set({ contexts: { ...contexts, [context]: { ...contexts[context], ...change } } });
  }

  /** A context has another name now; undefined: it is gone. */
  renameContext(from: string, to: string | undefined): void {
    const { [from]: kept, ...contexts } = this.#content.contexts;
    this.#set({ contexts: to === undefined || kept === undefined ? contexts : { ...contexts, [to]: kept } });
  }

  sort(kind: string): SavedSort | undefined {
    return this.#content.sorts[kind];
  }

  keepSort(kind: string, sort: SavedSort): void {
    this.#set({ sorts: { ...this.#content.sorts, [kind]: sort } });
  }

  /** The newest first. */
  get filters(): readonly string[] {
    return this.#content.filters;
  }

  keepFilter(text: string): void {
    if (text !== '') this.#set({ filters: newestFirst(text, this.#content.filters) });
  }

  /** The newest first. */
  get commands(): readonly string[] {
    return this.#content.commands;
  }

  keepCommand(text: string): void {
    this.#set({ commands: newestFirst(text, this.#content.commands) });
  }

  /** Writes what has not been written yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#save();
  }

  #set(change: Partial<Content>): void {
    this.#content = { ...this.#content, ...change };
    this.#dirty = true;
    this.#timer ??= this.#deps.clock.timer(saveAfterMs, () => {
      this.#timer = undefined;
      void this.#save();
    });
  }

  async #save(): Promise<void> {
    const { path, failed } = this.#deps;
    if (path === undefined || !this.#dirty) return;
    this.#dirty = false;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Another dashboard may write too: each has a file of its own until it takes the place of the old one.
      const fresh = `${path}.${process.pid}`;
      await writeFile(fresh, `${JSON.stringify(this.#content, undefined, 2)}\n`, { mode: 0o600 });
      await rename(fresh, path);
    } catch (error) {
      failed(`cannot write ${path}: ${(error as Error).message}`);
    }
  }
}

const newestFirst = (text: string, texts: readonly string[]): readonly string[] =>
  [text, ...texts.filter((one) => one !== text)].slice(0, mostLines);

/** Takes from a file only what has the right shape: it may be of another version. */
function contentOf(document: unknown): Content {
  const root = isFields(document) ? document : {};
  const contexts = Object.entries(fieldsAt(root, 'contexts')).flatMap(([name, given]) => {
    if (!isFields(given)) return [];
    const forwards = Array.isArray(given['forwards']) ? given['forwards'].flatMap(forwardOf) : [];
    const memory: ContextMemory = {
      view: textIn(given, 'view'),
      namespace: textIn(given, 'namespace'),
      favourites: 'favourites' in given ? textsIn(given, 'favourites').slice(0, 9) : undefined,
      forwards,
    };
    return [[name, memory] as const];
  });
  const sorts = Object.entries(fieldsAt(root, 'sorts')).flatMap(([kind, given]) => {
    const title = isFields(given) ? textIn(given, 'title') : undefined;
    return isFields(given) && title !== undefined ? [[kind, { title, descending: given['descending'] === true }]] : [];
  });
  return {
    contexts: Object.fromEntries(contexts),
    sorts: Object.fromEntries(sorts) as Content['sorts'],
    filters: textsIn(root, 'filters').slice(0, mostLines),
    commands: textsIn(root, 'commands').slice(0, mostLines),
  };
}

function forwardOf(given: unknown): readonly SavedForward[] {
  if (!isFields(given)) return [];
  const name = textIn(given, 'name');
  const target = textIn(given, 'target');
  const port = numberIn(given, 'port');
  const localPort = numberIn(given, 'localPort');
  if (name === undefined || target === undefined || port === undefined || localPort === undefined) return [];
  return [
    {
      name,
      target,
      port,
      localPort,
      namespace: textIn(given, 'namespace') ?? '',
      address: textIn(given, 'address') ?? '127.0.0.1',
      pod: textIn(given, 'pod'),
      labelSelector: textIn(given, 'labelSelector'),
    },
  ];
}
