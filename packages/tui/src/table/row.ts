import type { KubernetesObject, ObjectKey } from '@geobuk/api';
import type { Health, PaintName } from '../screen/paint.js';

/** A column as the table sees it: what is common to our own columns and those a server prints. */
export interface ColumnShape {
  readonly title: string;
  readonly align?: 'left' | 'right' | undefined;
  /** Shown only in the wide table. */
  readonly wide?: boolean | undefined;
  /** `time`: the row's value is epoch milliseconds and the cell its age. `number`: sorted by value. */
  readonly kind?: 'text' | 'number' | 'time' | undefined;
  /** Columns of width it never gives up. */
  readonly least?: number | undefined;
  /** Shown only where usage is measured. */
  readonly metric?: boolean | undefined;
  /** Which columns go first when the screen is narrow: the greatest. Absent: its position. */
  readonly drop?: number | undefined;
}

/** One line of a table. Never changed in place: a change is a new row of the same id. */
export interface Row {
  /** UID, with the cluster before it where several are shown. The cursor holds on to it. */
  readonly id: string;
  readonly cluster: string;
  readonly key: ObjectKey;
  /** Text of each column; '' for those of kind `time`. */
  readonly cells: readonly string[];
  /** What to sort by where text will not do; epoch milliseconds for `time`. */
  readonly values: readonly (number | undefined)[];
  readonly health: Health;
  /** Why the object is not well, in a few words. */
  readonly problem: string;
  /** Paints of single cells that tell something of their own. */
  readonly cellPaints?: ReadonlyMap<number, PaintName> | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** The object without what no table shows. */
  readonly object: KubernetesObject;
}
