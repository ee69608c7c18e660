/** A line of a segment as it stands on disk, one NeDB document. */
export type SegmentDocument =
  /** The first of a segment, and one for each step of the floor. */
  | { readonly _id: string; readonly format: 1; readonly revision: number; readonly floor: number }
  /** A value; without `v` a deletion. `_id` is the revision, padded. */
  | { readonly _id: string; readonly k: string; readonly v?: string | undefined };

export interface ReadSegment {
  readonly documents: readonly SegmentDocument[];
  /** Where the good lines end; less than the file's length when its tail is torn. */
  readonly goodBytes: number;
}

const newline = 0x0a;
const recordId = /^\d{16}$/;

export const idOf = (revision: number): string => String(revision).padStart(16, '0');

/** Segments are numbered in the order in which they were begun. */
export const segmentName = (segment: number): string => `${String(segment).padStart(8, '0')}.nedb`;

export function segmentNumber(fileName: string): number | undefined {
  const match = /^(\d{8})\.nedb$/.exec(fileName);
  return match === null ? undefined : Number(match[1]);
}

/** What NeDB's line reader takes for the end of a line although JSON does not escape it. */
export const escapeLineEnds = (line: string): string =>
  line.replace(/[\u0085\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Checks every line, because NeDB drops bad ones in silence. The last line of the last segment may be torn: it was
 * never acknowledged and is left out. A bad line anywhere else means that acknowledged writes are gone.
 * @throws {Error} naming file and line.
 */
export function readSegment(content: Buffer, file: string, { isLast }: { readonly isLast: boolean }): ReadSegment {
  const documents: SegmentDocument[] = [];
  let start = 0;
  while (start < content.length) {
    const end = content.indexOf(newline, start);
    const document = end < 0 ? undefined : parseLine(content.toString('utf8', start, end));
    if (document === undefined) {
      if (isLast && (end < 0 || end === content.length - 1)) break;
      throw new Error(`${file} is damaged at line ${documents.length + 1}: restore it from a backup`);
    }
    if ('format' in document && document.format !== 1) {
      throw new Error(`${file} has format ${String(document.format)}, this version reads format 1: update geobuk`);
    }
    documents.push(document);
    start = end + 1;
  }
  return { documents, goodBytes: start };
}

function parseLine(line: string): SegmentDocument | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const document = parsed as Record<string, unknown>;
  if (typeof document['_id'] !== 'string') return undefined;
  if (typeof document['format'] === 'number') {
    const numbers = typeof document['revision'] === 'number' && typeof document['floor'] === 'number';
    return numbers ? (parsed as SegmentDocument) : undefined;
  }
  const { k, v } = document;
  const isRecord =
    recordId.test(document['_id']) && typeof k === 'string' && (v === undefined || typeof v === 'string');
  return isRecord ? (parsed as SegmentDocument) : undefined;
}
