import type { Node } from '@geobuk/api';

/** What pods need to know of the node they are on. Asked each time: all of it may change. */
export interface NodeFacts {
  readonly name: string;
  readonly hostIPs: readonly string[];
  readonly memoryBytes: number;
  /** Canonical quantities. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** As the API has it. */
  readonly node: Node | undefined;
  /** Pods with a network of their own can start. */
  readonly networkReady: boolean;
  readonly networkMessage: string;
  /** Such as `MemoryPressure`: what the node runs out of now. */
  readonly pressures: ReadonlySet<string>;
  /** The machine goes down. */
  readonly goesDown: boolean;
}
