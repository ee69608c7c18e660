import type { Clock } from '@geobuk/client';
import type { KeyMap } from '../actions/key-map.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ClusterFacts } from '../cluster/cluster-facts.js';
import type { NamespaceChoice } from '../command/parse-command.js';
import type { Page } from '../pages/page.js';
import type { Terminal } from '../terminal/terminal.js';
import type { Journal } from './journal.js';
import type { PortForwards } from './port-forwards.js';

export type FlashLevel = 'info' | 'warn' | 'alert';
export type Language = 'en' | 'ko';

export interface ConfirmRequest {
  readonly title: string;
  readonly lines: readonly string[];
  /** The button that does it. */
  readonly confirm: string;
  /** The text to be typed before the button works: for what cannot be taken back, and for protected contexts. */
  readonly typed?: string | undefined;
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** Choices to step through instead of typing. */
  readonly choices?: readonly string[] | undefined;
}

/** Questions to the person. Each waits for the answer; undefined or false: cancelled. */
export interface Dialogs {
  confirm(request: ConfirmRequest): Promise<boolean>;
  /** Values by field name. */
  form(title: string, fields: readonly Field[], confirm: string): Promise<Readonly<Record<string, string>> | undefined>;
  choose(title: string, choices: readonly string[]): Promise<string | undefined>;
  message(title: string, lines: readonly string[]): Promise<void>;
}

/** Programs of the person's machine, injected so that tests need none. */
export interface Outside {
  /** Opens a text in the person's editor. @returns the text as saved. */
  editText(text: string, suffix: string): Promise<string>;
  /** Saves a text to the folder for screen dumps. @returns the path. */
  saveText(name: string, text: string): Promise<string>;
}

/** What pages and actions may ask of the dashboard. */
export interface Services {
  readonly clock: Clock;
  readonly keyMap: KeyMap;
  readonly language: Language;
  readonly dialogs: Dialogs;
  readonly terminal: Terminal;
  readonly outside: Outside;
  readonly journal: Journal;
  readonly forwards: PortForwards;
  /** Something seen may have changed: paint soon. */
  invalidate(): void;
  flash(level: FlashLevel, text: string): void;
  /** Runs an act whose failure becomes the flash line. */
  act(work: (signal: AbortSignal) => Promise<void>): Promise<void>;
  open(page: Page): void;
  back(): void;
  /** Runs a command line as if typed. */
  command(text: string): void;
  facts(cluster: Cluster): ClusterFacts;
  /** The namespaces new lists are of. */
  namespaces(): NamespaceChoice;
  useNamespaces(choice: NamespaceChoice): void;
  /** How tables of a kind were sorted last, by column title; kept while the dashboard runs. */
  readonly sorts: Map<string, { readonly title: string; readonly descending: boolean }>;
  cluster(context: string): Cluster;
  readonly contexts: readonly string[];
}
