import type { Revision } from '../store.js';
import type { Version } from './version-index.js';

/** Where an MVCC store keeps what must survive. */
export interface Journal extends AsyncDisposable {
  /** Why nothing is written any more, if that is so. */
  readonly failure: Error | undefined;
  /**
   * Writes down `versions`, in order; resolves once they are durable. Calls may overlap and are carried out in order.
   * After a rejection nothing of these versions is found at the next start; it is final when `failure` is set.
   */
  append(versions: readonly Version[]): Promise<void>;
  /**
   * Nobody reads this version any more: a replaced value, or a deletion that history has forgotten. It may vanish from
   * disk, once `floor` (history is complete after it) is written down.
   */
  release(version: Version, floor: Revision): void;
}
