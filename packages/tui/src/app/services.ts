import type { Clock } from '@geobuk/client';
import type { KeyMap } from '../actions/key-map.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ClusterFacts } from '../cluster/cluster-facts.js';
import type { NamespaceChoice } from '../command/parse-command.js';
import type { Page } from '../pages/page.js';
import type { Terminal } from '../terminal/terminal.js';
import type { Memory } from '../config/memory.js';
import type { Personal } from '../config/personal.js';
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

/** A program to run, as an argument array: no shell comes between. */
export interface ProgramCall {
  readonly command: string;
  readonly args: readonly string[];
  /** Programs its output goes through, one after the other. */
  readonly pipes: readonly (readonly string[])[];
  /** Beside those of the dashboard itself. */
  readonly environment: Readonly<Record<string, string>>;
  /** All it says is wanted, up to 16 MiB; else the end of it. */
  readonly whole?: boolean | undefined;
}

/** Programs of the person's machine, injected so that tests need none. */
export interface Outside {
  /** Opens a text in the person's editor. @returns the text as saved. */
  editText(text: string, suffix: string): Promise<string>;
  /** Opens a file in the person's editor, as it is. */
  editFile(path: string): Promise<void>;
  /** Saves a text to the folder for screen dumps. @returns the path. */
  saveText(name: string, text: string): Promise<string>;
  /** Gives the terminal to a program until it ends. @returns its exit code. */
  runInFront(call: ProgramCall): Promise<number>;
  /** Runs a program without a terminal. @returns its exit code and what it said, its last 64 KiB. */
  runBehind(call: ProgramCall, signal: AbortSignal): Promise<{ readonly code: number; readonly output: string }>;
  /** The folder of saved texts. */
  readonly dumpDirectory: string;
  /** As KUBECONFIG holds it: one path, or several with colons between. */
  readonly kubeconfigPath: string;
}

/** Changes the person's kubeconfig file. */
export interface KubeconfigEditor {
  /** @throws {Error} there is a context of that name already. */
  rename(context: string, to: string): Promise<void>;
  remove(context: string): Promise<void>;
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
  /** Runs a command line whose page is left again by Esc. */
  drillDown(text: string): void;
  facts(cluster: Cluster): ClusterFacts;
  /** The namespaces new lists are of. */
  namespaces(): NamespaceChoice;
  useNamespaces(choice: NamespaceChoice): void;
  /** What the person has set. */
  readonly personal: Personal;
  /** What is kept from one run to the next. */
  readonly memory: Memory;
  /** Absent: contexts cannot be changed (they come from no file). */
  readonly kubeconfig?: KubeconfigEditor | undefined;
  /** The context new lists are of. */
  readonly context: string;
  /** Whether a namespace stands on a number key by the person's choice. */
  isFavourite(namespace: string): boolean;
  cluster(context: string): Cluster;
  readonly contexts: readonly string[];
}
