import type { HostPattern } from './host-pattern.js';

/** All that the proxy is to do, in no engine's words. Follows: the union of Ingress and HTTPRoute. */
export interface Routing {
  /** One for each port of the node. */
  readonly binds: readonly Bind[];
  /** Certificate and key in PEM for clients that name no known host. */
  readonly defaultCertificate: string;
}

export interface Bind {
  readonly port: number;
  readonly tls: boolean;
  /** Any order; a pattern stands here once. */
  readonly hosts: readonly VirtualHost[];
  /** Of a bind with TLS: what is shown to whom. */
  readonly certificates: readonly ServedCertificate[];
}

export interface VirtualHost {
  readonly pattern: HostPattern;
  /** The first that matches a request decides; see `byPrecedence`. */
  readonly rules: readonly Rule[];
}

export interface ServedCertificate {
  /** Names its file: `<namespace>_<name>` of the Secret. */
  readonly id: string;
  /** Certificates and key in PEM, checked to belong together. */
  readonly pem: string;
  /** SNI names; empty: the names in the certificate. */
  readonly hosts: readonly string[];
}

export interface Rule {
  readonly match: Match;
  readonly action: Action;
}

export interface Match {
  readonly path: PathMatch;
  readonly method?: string | undefined;
  readonly headers: readonly ValueMatch[];
  readonly query: readonly ValueMatch[];
}

export interface PathMatch {
  readonly type: 'Exact' | 'Prefix' | 'RegularExpression';
  readonly value: string;
}

export interface ValueMatch {
  readonly type: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

export interface Action {
  readonly requestHeaders?: HeaderChanges | undefined;
  readonly responseHeaders?: HeaderChanges | undefined;
  readonly rewrite?: Rewrite | undefined;
  readonly outcome: Outcome;
}

export type Outcome =
  | { readonly kind: 'forward'; readonly shares: readonly Share[] }
  | { readonly kind: 'respond'; readonly status: RefusalStatus }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      readonly scheme: string;
      /** Absent: that of the request. */
      readonly hostname?: string | undefined;
      readonly port: number;
    };

/** 404 nothing matches, 500 the rule is wrong, 503 what it names is not there. */
export type RefusalStatus = 404 | 500 | 503;

/** A part of the requests, by weight among its likes. */
export interface Share {
  readonly weight: number;
  readonly to: ServicePortRef | RefusalStatus;
}

export interface ServicePortRef {
  readonly namespace: string;
  readonly name: string;
  /** Of the Service. */
  readonly port: number;
  /** Of the port, as EndpointSlices know it; '' for the only one. */
  readonly portName: string;
  readonly protocol: 'http1' | 'h2c';
}

export interface HeaderChanges {
  readonly set: readonly Header[];
  readonly add: readonly Header[];
  readonly remove: readonly string[];
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

export interface Rewrite {
  readonly hostname?: string | undefined;
  readonly path?:
    | { readonly type: 'ReplaceFullPath'; readonly value: string }
    /** `prefix` is what the rule matched. */
    | { readonly type: 'ReplacePrefixMatch'; readonly prefix: string; readonly value: string }
    | undefined;
}

/** The usual rule of an Ingress: a path to one Service. */
export const forwardTo = (to: Share['to']): Action => ({
  outcome: { kind: 'forward', shares: [{ weight: 1, to }] },
});

export const pathOnly = (path: PathMatch): Match => ({ path, headers: [], query: [] });
