/** One record on its way to the journal's thread; `bytes` is its part of the values' buffer, -1 for a deletion. */
export interface RecordHeader {
  readonly key: string;
  readonly revision: number;
  readonly bytes: number;
}

export type JournalRequest =
  | { readonly type: 'open'; readonly directory: string; readonly segmentBytes: number }
  /** `values` holds the records' values one behind the other. `floor`: history is complete after it. */
  | {
      readonly type: 'append';
      readonly records: readonly RecordHeader[];
      readonly values: Uint8Array;
      readonly floor: number;
    }
  | { readonly type: 'remove'; readonly segment: number }
  | { readonly type: 'close' };

/** Exactly one answer to each request, in the order of the requests; `open` gives its segments before. */
export type JournalAnswer =
  | {
      readonly type: 'segment';
      readonly segment: number;
      readonly records: readonly RecordHeader[];
      readonly values: Uint8Array;
    }
  | { readonly type: 'opened'; readonly revision: number; readonly floor: number; readonly cutBytes: number }
  | { readonly type: 'appended'; readonly segment: number }
  | { readonly type: 'removed' }
  | { readonly type: 'closed' }
  /** The disk is full: this request left nothing on disk, later ones may fare better. */
  | { readonly type: 'refused'; readonly message: string; readonly code: string | undefined }
  /** Final: nothing is written any more. */
  | { readonly type: 'failed'; readonly message: string; readonly code: string | undefined };
