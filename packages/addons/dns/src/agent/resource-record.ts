/** The types this server speaks of by itself; any other is only passed on. */
export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'SRV' | 'TXT' | 'SOA' | 'NS';

export const typeNumbers: Readonly<Record<RecordType, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
};

export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type Rcode = keyof typeof rcodes;

/** One record to be sent. */
export interface ResourceRecord {
  /** undefined: the name that was asked for, in the writing of who asked. */
  readonly owner?: string | undefined;
  readonly type: RecordType;
  readonly ttlSeconds: number;
  /** As dns-packet takes it. */
  readonly data: unknown;
}

/** What this server knows about a question. */
export interface Answer {
  readonly rcode: Rcode;
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
}
