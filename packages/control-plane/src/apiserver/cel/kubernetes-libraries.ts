import { Optional } from '@marcbachmann/cel-js';
import type { Environment } from '@marcbachmann/cel-js';
import { CelAuthorizer, CelAuthorizerCheck, CelAuthorizerGroup, CelDecision } from './authorizer.js';

/** The name before functions such as `sets.contains`. */
class Sets {}
class JsonPatches {}
class Strings {}
class Formats {}

class CelFormat {
  readonly name: string;
  readonly problemsOf: (text: string) => readonly string[];

  constructor(name: string, problemsOf: (text: string) => readonly string[]) {
    this.name = name;
    this.problemsOf = problemsOf;
  }
}

class CelSemver {
  readonly parts: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];

  constructor(text: string, isLoose = false) {
    const given = isLoose ? looseVersion(text) : text;
    const found = semverForm.exec(given);
    if (found === null) throw new Error(`invalid semantic version: ${text}`);
    this.parts = [BigInt(found[1]!), BigInt(found[2]!), BigInt(found[3]!)];
    this.pre = (found[4] ?? '').split('.').filter((part) => part !== '');
  }
}

const semverForm =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*))?(?:\+[\dA-Za-z-.]+)?$/;

/** `v1.2` as `1.2.0`, leading zeros left out. */
function looseVersion(text: string): string {
  const [, core = '', rest = ''] = /^v?([\d.]+)(.*)$/.exec(text.trim()) ?? [];
  const parts = core.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length < 3) parts.push('0');
  return parts.join('.') + rest;
}

function compareSemver(a: CelSemver, b: CelSemver): number {
  for (let i = 0; i < 3; i++) if (a.parts[i] !== b.parts[i]) return a.parts[i]! < b.parts[i]! ? -1 : 1;
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length);
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const [left, right] = [a.pre[i], b.pre[i]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    const [leftIsNumber, rightIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
    return (leftIsNumber ? BigInt(left) < BigInt(right) : left < right) ? -1 : 1;
  }
  return 0;
}

const matching =
  (form: RegExp, most: number, why: string) =>
  (text: string): readonly string[] => [
    ...(text.length > most ? [`must be no more than ${most} characters`] : []),
    ...(form.test(text) ? [] : [why]),
  ];

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const readable =
  (read: (text: string) => boolean, why: string) =>
  (text: string): readonly string[] =>
    read(text) ? [] : [why];

const formats = new Map(
  Object.entries({
    dns1123Label: matching(
      new RegExp(`^${label}$`),
      63,
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    ),
    dns1123Subdomain: matching(
      new RegExp(`^${subdomain}$`),
      253,
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    ),
    dns1035Label: matching(
      /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
      63,
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    ),
    dns1123LabelPrefix: matching(
      new RegExp(`^${label}-?$`),
      63,
      "a lowercase RFC 1123 label prefix must consist of lower case alphanumeric characters or '-'",
    ),
    dns1123SubdomainPrefix: matching(
      new RegExp(`^${subdomain}[-.]?$`),
      253,
      "a lowercase RFC 1123 subdomain prefix must consist of lower case alphanumeric characters, '-' or '.'",
    ),
    dns1035LabelPrefix: matching(
      /^[a-z]([-a-z0-9]*[a-z0-9])?-?$/,
      63,
      'a DNS-1035 label prefix must start with an alphabetic character',
    ),
    labelValue: matching(
      /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
      63,
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ),
    qualifiedName: matching(
      new RegExp(`^(${subdomain}/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`),
      317,
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ),
    uuid: matching(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i, 36, 'does not match the UUID format'),
    byte: matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 2 ** 22, 'invalid base64'),
    date: readable((text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)), 'invalid date'),
    datetime: readable((text) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)), 'invalid datetime'),
    uri: readable((text) => text.startsWith('/') || URL.canParse(text), 'invalid URI'),
  }).map(([name, problemsOf]) => [name, new CelFormat(name, problemsOf)] as const),
);

type List = readonly unknown[];

const optionally = (value: unknown): unknown => (value === undefined ? Optional.none() : Optional.of(value));

const same = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && text(a) === text(b));
const text = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one));
const includes = (list: List, item: unknown): boolean => list.some((one) => same(one, item));

/** With how deep lists are opened. */
const flat = (list: List, depth: number): List => list.flat(depth) as List;

function sorted(list: List): List {
  return [...list].sort((a, b) => ((a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0));
}

type Handler = (...values: never[]) => unknown;

/** Follows: the sets, format, semver, jsonpatch, lists, strings and authz libraries of Kubernetes; checklist 2.9.2. */
const functions: Readonly<Record<string, Handler>> = {
  'kubernetes.Sets.contains(list, list): bool': (_: Sets, a: List, b: List) => b.every((one) => includes(a, one)),
  'kubernetes.Sets.intersects(list, list): bool': (_: Sets, a: List, b: List) => b.some((one) => includes(a, one)),
  'kubernetes.Sets.equivalent(list, list): bool': (_: Sets, a: List, b: List) =>
    a.every((one) => includes(b, one)) && b.every((one) => includes(a, one)),
  'kubernetes.JSONPatches.escapeKey(string): string': (_: JsonPatches, key: string) =>
    key.replaceAll('~', '~0').replaceAll('/', '~1'),
  'kubernetes.Strings.quote(string): string': (_: Strings, value: string) => JSON.stringify(value),
  'kubernetes.Formats.named(string): optional<kubernetes.Format>': (_: Formats, name: string) =>
    optionally(formats.get(name)),
  ...Object.fromEntries(
    [...formats].map(([name, format]) => [`kubernetes.Formats.${name}(): kubernetes.Format`, () => format]),
  ),
  'kubernetes.Format.validate(string): optional<list<string>>': (format: CelFormat, value: string) => {
    const problems = format.problemsOf(value);
    return optionally(problems.length === 0 ? undefined : problems);
  },
  'semver(string): kubernetes.Semver': (value: string) => new CelSemver(value),
  'semver(string, bool): kubernetes.Semver': (value: string, isLoose: boolean) => new CelSemver(value, isLoose),
  'isSemver(string): bool': (value: string) => semverForm.test(value),
  'isSemver(string, bool): bool': (value: string, isLoose: boolean) =>
    semverForm.test(isLoose ? looseVersion(value) : value),
  'kubernetes.Semver.major(): int': ({ parts }: CelSemver) => parts[0],
  'kubernetes.Semver.minor(): int': ({ parts }: CelSemver) => parts[1],
  'kubernetes.Semver.patch(): int': ({ parts }: CelSemver) => parts[2],
  'kubernetes.Semver.isGreaterThan(kubernetes.Semver): bool': (a: CelSemver, b: CelSemver) => compareSemver(a, b) > 0,
  'kubernetes.Semver.isLessThan(kubernetes.Semver): bool': (a: CelSemver, b: CelSemver) => compareSemver(a, b) < 0,
  'kubernetes.Semver.compareTo(kubernetes.Semver): int': (a: CelSemver, b: CelSemver) => BigInt(compareSemver(a, b)),
  'list.slice(int, int): list': (list: List, from: bigint, to: bigint) => list.slice(Number(from), Number(to)),
  'list.flatten(): list': (list: List) => flat(list, 1),
  'list.flatten(int): list': (list: List, depth: bigint) => flat(list, Number(depth)),
  'list.distinct(): list': (list: List) => list.filter((item, i) => list.findIndex((one) => same(one, item)) === i),
  'list.sort(): list': sorted,
  'list.reverse(): list': (list: List) => [...list].reverse(),
  'string.charAt(int): string': (value: string, at: bigint) => {
    const points = [...value];
    if (at < 0n || at > BigInt(points.length)) throw new Error(`index out of range: ${at}`);
    return points[Number(at)] ?? '';
  },
  'string.reverse(): string': (value: string) => [...value].reverse().join(''),
  'kubernetes.Authorizer.path(string): kubernetes.AuthorizerCheck': (own: CelAuthorizer, path: string) =>
    own.path(path),
  'kubernetes.Authorizer.group(string): kubernetes.AuthorizerGroup': (own: CelAuthorizer, group: string) =>
    own.group(group),
  'kubernetes.Authorizer.serviceAccount(string, string): kubernetes.Authorizer': (
    own: CelAuthorizer,
    namespace: string,
    name: string,
  ) => own.serviceAccount(namespace, name),
  'kubernetes.AuthorizerGroup.resource(string): kubernetes.AuthorizerCheck': (
    own: CelAuthorizerGroup,
    resource: string,
  ) => own.resource(resource),
  'kubernetes.AuthorizerCheck.subresource(string): kubernetes.AuthorizerCheck': (
    own: CelAuthorizerCheck,
    subresource: string,
  ) => own.with({ subresource }),
  'kubernetes.AuthorizerCheck.namespace(string): kubernetes.AuthorizerCheck': (
    own: CelAuthorizerCheck,
    namespace: string,
  ) => own.with({ namespace }),
  'kubernetes.AuthorizerCheck.name(string): kubernetes.AuthorizerCheck': (own: CelAuthorizerCheck, name: string) =>
    own.with({ name }),
  'kubernetes.AuthorizerCheck.check(string): kubernetes.Decision': (own: CelAuthorizerCheck, verb: string) =>
    own.check(verb),
  'kubernetes.Decision.allowed(): bool': (own: CelDecision) => own.isAllowed,
  'kubernetes.Decision.reason(): string': (own: CelDecision) => own.decision.reason,
  'kubernetes.Decision.errored(): bool': () => false,
  'kubernetes.Decision.error(): string': () => '',
};

/** Adds the libraries of Kubernetes that have names of their own. */
export function addKubernetesLibraries(environment: Environment): void {
  environment.registerType('kubernetes.Sets', { ctor: Sets });
  environment.registerType('kubernetes.JSONPatches', { ctor: JsonPatches });
  environment.registerType('kubernetes.Strings', { ctor: Strings });
  environment.registerType('kubernetes.Formats', { ctor: Formats });
  environment.registerType('kubernetes.Format', { ctor: CelFormat });
  environment.registerType('kubernetes.Semver', { ctor: CelSemver });
  environment.registerType('kubernetes.Decision', { ctor: CelDecision });
  environment.registerType('kubernetes.AuthorizerCheck', { ctor: CelAuthorizerCheck });
  environment.registerType('kubernetes.AuthorizerGroup', { ctor: CelAuthorizerGroup });
  environment.registerType('kubernetes.Authorizer', {
    ctor: CelAuthorizer,
    fields: { requestResource: 'kubernetes.AuthorizerCheck' },
  });
  environment.registerConstant('sets', 'kubernetes.Sets', new Sets());
  environment.registerConstant('jsonpatch', 'kubernetes.JSONPatches', new JsonPatches());
  environment.registerConstant('strings', 'kubernetes.Strings', new Strings());
  environment.registerConstant('format', 'kubernetes.Formats', new Formats());
  for (const [signature, handler] of Object.entries(functions)) {
    environment.registerFunction(signature, handler as (...values: unknown[]) => unknown);
  }
}
