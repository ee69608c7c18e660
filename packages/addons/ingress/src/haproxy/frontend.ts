import { join } from 'node:path';
import type { Bind, Rule, ValueMatch, VirtualHost } from '../routing/routing.js';
import type { Backends } from './backends.js';
import { hex, quoted, section } from './config-text.js';

export interface FrontendSettings {
  /** Where its maps will be. */
  readonly directory: string;
  readonly certificateList: string;
  readonly accessLog: boolean;
  /** Whether this machine has IPv6. */
  readonly ipv6: boolean;
  readonly trustForwardedHeaders: boolean;
}

export interface Frontend {
  readonly text: string;
  /** Content by file name. */
  readonly maps: Readonly<Record<string, string>>;
}

/** From the most to the least specific; a request that finds no rule at one stage goes on to the next. */
const stages = ['exact', 'oneLabel', 'suffix', 'any'] as const;
type Stage = (typeof stages)[number];

const logFormat = '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %{+Q,+E}[var(txn.host)] %{+Q,+E}r %sslv';

const found = '{ var(txn.route) -m found }';

/**
 * One port. A host name finds its virtual host by a map, and the path its section by another, so that the cost of a
 * request does not grow with the number of routes; only hosts with rules that look at more than the path are chains of
 * conditions.
 */
export function frontend(bind: Bind, backends: Backends, settings: FrontendSettings): Frontend {
  const maps: Record<string, string> = {};
  const file = (name: string, lines: readonly string[]): string => {
    const unique = `${bind.port}-${name}.map`;
    maps[unique] = lines.map((line) => `${line}\n`).join('');
    return join(settings.directory, unique);
  };
  const ids = new Map(bind.hosts.map((host, index) => [host, `v${index}`]));
  const exact: string[] = [];
  const prefix: string[] = [];
  const chains = new Map<Stage, string[]>();
  for (const host of bind.hosts) {
    const id = ids.get(host) ?? '';
    if (host.rules.every(isPathOnly)) addToMaps(host, id, backends, exact, prefix);
    else chains.set(host.pattern.kind, [...(chains.get(host.pattern.kind) ?? []), ...chainOf(host, id, backends)]);
  }
  const lines = [
    ...bindLines(bind, settings),
    ...(settings.accessLog ? ['log global', `log-format ${quoted(logFormat)}`] : []),
    'http-request set-var(txn.host) req.hdr(host),host_only,lower,regsub([.]$,)',
    ...forwardedLines(bind, settings),
    'http-request set-var(txn.path) path',
    'http-request set-var(txn.tail) path,concat(/)',
  ];
  const exactFile = file('exact', exact);
  const prefixFile = file('prefix', prefix);
  for (const stage of stages) {
    const hosts = bind.hosts.filter(({ pattern }) => pattern.kind === stage);
    if (hosts.length === 0) continue;
    lines.push(
      'http-request unset-var(txn.vhost)',
      `http-request set-var(txn.vhost) ${lookup(stage, hosts, ids, file)} if !${found}`,
      `http-request set-var(txn.route) var(txn.vhost),concat(|,txn.path),map_str(${exactFile}) if !${found}`,
      `http-request set-var(txn.route) var(txn.vhost),concat(|,txn.tail),map_beg(${prefixFile}) if !${found}`,
      ...(chains.get(stage) ?? []),
    );
  }
  lines.push(...splitLines(backends), 'use_backend %[var(txn.route)] if ' + found, 'default_backend status_404');
  return { text: section(`frontend port-${bind.port}`, lines), maps };
}

/** A socket for each family: one for both would tell backends of IPv4 clients as `::ffff:…`. */
const bindLines = ({ port, tls }: Bind, { ipv6, certificateList }: FrontendSettings): readonly string[] => {
  const rest = tls ? ` ssl crt-list ${certificateList} alpn h2,http/1.1` : '';
  return [`bind :${port}${rest}`, ...(ipv6 ? [`bind :::${port} v6only${rest}`] : [])];
};

/** What is said about the client must come from the proxy, unless another one before it is trusted. */
const forwardedLines = ({ tls, port }: Bind, { trustForwardedHeaders }: FrontendSettings): readonly string[] => {
  const condition = (name: string): string => (trustForwardedHeaders ? ` unless { req.hdr(${name}) -m found }` : '');
  return [
    ...(trustForwardedHeaders ? [] : ['http-request del-header X-Forwarded-For']),
    'option forwardfor',
    `http-request set-header X-Forwarded-Proto ${tls ? 'https' : 'http'}${condition('X-Forwarded-Proto')}`,
    `http-request set-header X-Forwarded-Port ${port}${condition('X-Forwarded-Port')}`,
    `http-request set-header X-Forwarded-Host %[req.hdr(host)]${condition('X-Forwarded-Host')}`,
  ];
};

function lookup(
  stage: Stage,
  hosts: readonly VirtualHost[],
  ids: ReadonlyMap<VirtualHost, string>,
  file: (name: string, lines: readonly string[]) => string,
): string {
  const entries = hosts.map((host) => {
    const { pattern } = host;
    const key = pattern.kind === 'any' ? '' : pattern.kind === 'exact' ? pattern.name : pattern.suffix;
    return { key, id: ids.get(host) ?? '' };
  });
  // The engine takes the first end that fits: the longest must come first.
  const lines = entries.sort((a, b) => b.key.length - a.key.length).map(({ key, id }) => `${key} ${id}`);
  switch (stage) {
    case 'exact':
      return `var(txn.host),map_str(${file('hosts', lines)})`;
    case 'oneLabel':
      return `var(txn.host),regsub(^[^.]+,),map_str(${file('wildcards', lines)})`;
    case 'suffix':
      return `var(txn.host),map_end(${file('suffixes', lines)})`;
    case 'any':
      return `str(${entries[0]?.id ?? ''})`;
    default:
      return stage satisfies never;
  }
}

const isPathOnly = ({ match }: Rule): boolean =>
  match.method === undefined &&
  match.headers.length === 0 &&
  match.query.length === 0 &&
  match.path.type !== 'RegularExpression';

const withSlash = (path: string): string => `${path.replace(/\/+$/, '')}/`;

/** The first rule of a path wins, as in a chain. Keys hold no space: `safePath` has encoded them. */
function addToMaps({ rules }: VirtualHost, id: string, backends: Backends, exact: string[], prefix: string[]): void {
  const seen = new Set<string>();
  for (const { match, action } of rules) {
    const isExact = match.path.type === 'Exact';
    const key = `${id}|${isExact ? match.path.value : withSlash(match.path.value)}`;
    if (seen.has(`${match.path.type} ${key}`)) continue;
    seen.add(`${match.path.type} ${key}`);
    (isExact ? exact : prefix).push(`${key} ${backends.nameFor(action)}`);
  }
}

const chainOf = ({ rules }: VirtualHost, id: string, backends: Backends): readonly string[] =>
  rules.map(({ match, action }) => {
    const { path, method, headers, query } = match;
    const conditions = [
      `!${found}`,
      `{ var(txn.vhost) -m str ${id} }`,
      ...(method === undefined ? [] : [`{ method ${method} }`]),
      pathCondition(path),
      ...headers.map((header) => valueCondition(`req.fhdr(${header.name})`, header)),
      ...query.map((parameter) => valueCondition(`url_param(${parameter.name})`, parameter)),
    ];
    return `http-request set-var(txn.route) str(${backends.nameFor(action)}) if ${conditions.join(' ')}`;
  });

function pathCondition({ type, value }: Rule['match']['path']): string {
  switch (type) {
    case 'Exact':
      return `{ var(txn.path),hex -m str ${hex(value)} }`;
    case 'Prefix':
      return `{ var(txn.tail),hex -m beg ${hex(withSlash(value))} }`;
    case 'RegularExpression':
      return `{ var(txn.path) -m reg -- ${quoted(`^(?:${value})$`)} }`;
    default:
      return type satisfies never;
  }
}

const valueCondition = (sample: string, { type, value }: ValueMatch): string =>
  type === 'Exact'
    ? value === ''
      ? `{ ${sample},length eq 0 }`
      : `{ ${sample},hex -m str ${hex(value)} }`
    : `{ ${sample} -m reg -- ${quoted(`^(?:${value})$`)} }`;

/** Follows: weights of backendRefs: the dice is thrown among what is left, so that each gets its part of the whole. */
function splitLines(backends: Backends): readonly string[] {
  return backends.splits.flatMap(({ name, shares }) => {
    let left = shares.reduce((sum, { weight }) => sum + weight, 0);
    return shares.map(({ weight, backend }, index) => {
      const dice = index === shares.length - 1 ? '' : ` { rand(${left}) lt ${weight} }`;
      left -= weight;
      return `http-request set-var(txn.route) str(${backend}) if { var(txn.route) -m str ${name} }${dice}`;
    });
  });
}
