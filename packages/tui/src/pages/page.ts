import type { Actions } from '../actions/key-map.js';
import type { Cluster } from '../cluster/cluster.js';
import type { NamespaceChoice } from '../command/parse-command.js';
import type { Canvas } from '../screen/frame.js';
import type { KeyPress, MousePress } from '../terminal/terminal.js';
import type { StyledLine } from '../text/styled-text.js';

/** One thing that fills the screen. Opened on a stack; below it lies what Esc returns to. */
export interface Page {
  /** Its name in the crumbs. */
  readonly crumb: string;
  readonly cluster: Cluster;
  /** Begins to follow what it shows, until the signal fires. */
  start(signal: AbortSignal): void;
  /** Draws itself, frame and title included, from what it knows. */
  draw(canvas: Canvas, now: number): void;
  /** What can be done now; decides keys, hints, palette and help. */
  actions(): Actions;
  /** Keys that are no actions, such as letters in a picker. True: taken. */
  key?(press: KeyPress): boolean;
  /** A click or turn of the wheel at a place of its own canvas. */
  mouse?(press: MousePress): void;
  /** Text of `/`; absent: nothing to filter. Called for every letter, and with done for Enter. */
  readonly filter?: PageFilter | undefined;
  /** For a split screen; absent: the page has nothing to show beside it. */
  preview?(): Preview | undefined;
  /** What a person's own programs are run on; absent or undefined: there is nothing here. */
  plugPoint?(): PlugPoint | undefined;
  /** Begins anew with other namespaces; absent: the page is of no namespace. */
  restart?(namespaces: NamespaceChoice): void;
  /** Esc: true when there was something to clear first. */
  escape?(): boolean;
  /** Milliseconds until time alone changes what is seen; undefined: never. */
  repaintInMs?(now: number): number | undefined;
}

/** What a plugin may know of the place it is run from. */
export interface PlugPoint {
  /** The names a plugin's scopes may call this place by, in small letters. */
  readonly names: readonly string[];
  /** `NAME`, `NAMESPACE`, `COL-…`: what stands for `$NAME` in its arguments. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What a split screen shows beside a list: details of the row under the cursor. */
export interface Preview {
  readonly id: string;
  /** Changes when the details may have. */
  readonly version: string;
  readonly title: string;
  load(signal: AbortSignal): Promise<readonly StyledLine[]>;
}

export interface PageFilter {
  readonly text: string;
  set(text: string): void;
  /** Why the text cannot be understood. */
  readonly problem?: string | undefined;
}
