import { createHash } from 'node:crypto';
import type { Action, HeaderChanges, RefusalStatus, Rewrite, ServicePortRef, Share } from '../routing/routing.js';
import { hexPattern, literal, quoted } from './config-text.js';

/** A `backend` section: what is done to a request and who gets it. */
export interface Backend {
  readonly name: string;
  readonly lines: readonly string[];
  /** Whose endpoints are its servers. */
  readonly service?: ServicePortRef | undefined;
}

/** Requests that are shared out: `name` stands for all of them until the dice has fallen. */
export interface Split {
  readonly name: string;
  readonly shares: readonly { readonly weight: number; readonly backend: string }[];
}

const texts: Readonly<Record<RefusalStatus, string>> = {
  404: 'no route matches this request',
  500: 'the route for this request is not valid',
  503: 'the service for this request is not available',
};

/** The sections that a routing needs, each made once, under names that depend on nothing but what they do. */
export class Backends {
  readonly #backends = new Map<string, Backend>();
  readonly #splits = new Map<string, Split>();

  constructor() {
    this.#refusal(404); // the default of every frontend
  }

  get all(): readonly Backend[] {
    return [...this.#backends.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get splits(): readonly Split[] {
    return [...this.#splits.values()];
  }

  /** The name of the section, or of the split, for an action. */
  nameFor(action: Action): string {
    const { outcome } = action;
    switch (outcome.kind) {
      case 'respond':
        return this.#refusal(outcome.status);
      case 'redirect':
        return this.#put('r', [...filterLines(action), redirectLine(outcome)]);
      case 'forward':
        return this.#forward(filterLines(action), outcome.shares);
      default:
        return outcome satisfies never;
    }
  }

  #forward(filters: readonly string[], all: readonly Share[]): string {
    const shares = all.filter(({ weight }) => weight > 0);
    if (shares.length === 0) return this.#refusal(500); // Follows: HTTPRoute: no backend with a weight answers 500.
    const targets = shares.map(({ weight, to }) => ({ weight, backend: this.#target(filters, to) }));
    const [first] = targets;
    if (targets.length === 1 && first !== undefined) return first.backend;
    const name = `w_${digest(targets)}`;
    this.#splits.set(name, { name, shares: targets });
    return name;
  }

  #target(filters: readonly string[], to: Share['to']): string {
    if (typeof to === 'number') return this.#refusal(to);
    const base = `s_${to.namespace}_${to.name}_${to.port}`;
    const name = filters.length === 0 ? base : `${base}_${digest(filters)}`;
    this.#backends.set(name, { name, lines: filters, service: to });
    return name;
  }

  #refusal(status: RefusalStatus): string {
    const name = `status_${status}`;
    const line = `http-request return status ${status} content-type text/plain string ${quoted(`${texts[status]}\n`.trim())}`;
    this.#backends.set(name, { name, lines: [line] });
    return name;
  }

  #put(kind: string, lines: readonly string[]): string {
    const name = `${kind}_${digest(lines)}`;
    this.#backends.set(name, { name, lines });
    return name;
  }
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

const filterLines = ({ requestHeaders, responseHeaders, rewrite }: Action): readonly string[] => [
  ...headerLines('http-request', requestHeaders),
  ...headerLines('http-response', responseHeaders),
  ...rewriteLines(rewrite),
];

const headerLines = (side: 'http-request' | 'http-response', changes: HeaderChanges | undefined): readonly string[] =>
  changes === undefined
    ? []
    : [
        ...changes.set.map(({ name, value }) => `${side} set-header ${name} ${literal(value)}`),
        ...changes.add.map(({ name, value }) => `${side} add-header ${name} ${literal(value)}`),
        ...changes.remove.map((name) => `${side} del-header ${name}`),
      ];

/** Follows: HTTPPathModifier: prefixes are whole path elements; a trailing slash of either side does not count. */
function rewriteLines(rewrite: Rewrite | undefined): readonly string[] {
  if (rewrite === undefined) return [];
  const { hostname, path } = rewrite;
  const lines = hostname === undefined ? [] : [`http-request set-header Host ${literal(hostname)}`];
  if (path === undefined) return lines;
  if (path.type === 'ReplaceFullPath') return [...lines, `http-request set-path ${literal(path.value)}`];
  const prefix = hexPattern(path.prefix.replace(/\/+$/, ''));
  const value = path.value.replace(/\/+$/, '');
  if (value !== '') {
    const replacement = quoted(`${value.replaceAll('%', '%%')}\\1`);
    return [...lines, `http-request replace-path ${quoted(`^${prefix}(/.*)?$`)} ${replacement}`];
  }
  return [
    ...lines,
    ...(prefix === '' ? [] : [`http-request replace-path ${quoted(`^${prefix}/*$`)} /`]),
    `http-request replace-path ${quoted(`^${prefix}/+(.*)$`)} ${quoted('/\\1')}`,
  ];
}

const usualPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

function redirectLine(outcome: Extract<Action['outcome'], { readonly kind: 'redirect' }>): string {
  const { scheme, hostname, port, status } = outcome;
  const host = hostname === undefined ? '%[var(txn.host)]' : hostname;
  const suffix = usualPorts[scheme] === port ? '' : `:${port}`;
  return `http-request redirect location ${quoted(`${scheme}://${host}${suffix}%[pathq]`)} code ${status}`;
}
