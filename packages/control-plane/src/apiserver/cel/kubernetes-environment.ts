import { isIP } from 'node:net';
import { Environment } from '@marcbachmann/cel-js';
import {
  addQuantities,
  compareQuantities,
  milliUnits,
  parseQuantity,
  quantityProblem,
  subtractQuantities,
  wholeUnits,
} from '@geobuk/api';
import type { ParsedQuantity } from '@geobuk/api';
import { addKubernetesLibraries } from './kubernetes-libraries.js';

class CelQuantity {
  readonly value: ParsedQuantity;

  constructor(value: ParsedQuantity) {
    this.value = value;
  }
}

class CelUrl {
  readonly url: URL;

  constructor(text: string) {
    this.url = new URL(text);
  }
}

class CelIp {
  readonly text: string;

  constructor(text: string) {
    if (isIP(text) === 0) throw new Error(`IP Address '${text}' parse error`);
    this.text = text;
  }
}

class CelCidr {
  readonly address: CelIp;
  readonly prefix: number;

  constructor(text: string) {
    const [address = '', prefix = '', ...rest] = text.split('/');
    const bits = isIP(address) === 4 ? 32 : 128;
    if (isIP(address) === 0 || rest.length > 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)
      throw new Error(`network address parse error: ${text}`);
    this.address = new CelIp(address);
    this.prefix = Number(prefix);
  }
}

function addressBits(text: string): bigint {
  if (isIP(text) === 4) return text.split('.').reduce((all, part) => (all << 8n) | BigInt(part), 0n);
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...middle, ...right].reduce((all, part) => (all << 16n) | BigInt(`0x${part}`), 0n);
}

function contains({ address, prefix }: CelCidr, text: string): boolean {
  if (isIP(address.text) !== isIP(text)) return false;
  const shift = BigInt((isIP(text) === 4 ? 32 : 128) - prefix);
  return addressBits(address.text) >> shift === addressBits(text) >> shift;
}

const succeeds = (act: () => unknown): boolean => {
  try {
    act();
    return true;
  } catch {
    return false; // the question was whether it can be read
  }
};

const compare = (a: unknown, b: unknown): number =>
  (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0;

/** Follows: the strings extension's format. */
function format(text: string, values: readonly unknown[]): string {
  let next = 0;
  return text.replaceAll(/%(%|s|d|(?:\.(\d+))?[fe]|x|X|o|b)/g, (_all, verb: string, digits: string | undefined) => {
    if (verb === '%') return '%';
    if (next >= values.length) throw new Error('index out of range in format');
    const value = values[next++];
    const integer = () => BigInt(value as bigint);
    switch (verb.at(-1)) {
      case 'd':
        return String(value);
      case 'x':
        return integer().toString(16);
      case 'X':
        return integer().toString(16).toUpperCase();
      case 'o':
        return integer().toString(8);
      case 'b':
        return typeof value === 'boolean' ? (value ? '1' : '0') : integer().toString(2);
      case 'f':
        return Number(value).toFixed(Number(digits ?? 6));
      case 'e':
        return Number(value).toExponential(Number(digits ?? 6));
      default:
        return textOf(value);
    }
  });
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`;
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${pairs.map(([key, child]) => `${key}: ${textOf(child)}`).join(', ')}}`;
  }
  return String(value);
}

const quantity = (q: CelQuantity) => q.value;
const asQuantity = (other: CelQuantity | bigint): ParsedQuantity =>
  other instanceof CelQuantity ? other.value : parseQuantity(String(other));

type Handler = (...values: never[]) => unknown;

/** What Kubernetes adds to CEL. Follows: checklist 2.9.2. */
const functions: Readonly<Record<string, Handler>> = {
  'quantity(string): kubernetes.Quantity': (text: string) => new CelQuantity(parseQuantity(text)),
  'isQuantity(string): bool': (text: string) => quantityProblem(text) === undefined,
  'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool': (a: CelQuantity, b: CelQuantity) =>
    compareQuantities(quantity(a), quantity(b)) > 0,
  'kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool': (a: CelQuantity, b: CelQuantity) =>
    compareQuantities(quantity(a), quantity(b)) < 0,
  'kubernetes.Quantity.compareTo(kubernetes.Quantity): int': (a: CelQuantity, b: CelQuantity) =>
    BigInt(compareQuantities(quantity(a), quantity(b))),
  'kubernetes.Quantity.add(dyn): kubernetes.Quantity': (a: CelQuantity, b: CelQuantity | bigint) =>
    new CelQuantity(addQuantities(quantity(a), asQuantity(b))),
  'kubernetes.Quantity.sub(dyn): kubernetes.Quantity': (a: CelQuantity, b: CelQuantity | bigint) =>
    new CelQuantity(subtractQuantities(quantity(a), asQuantity(b))),
  'kubernetes.Quantity.sign(): int': (a: CelQuantity) => BigInt(compareQuantities(quantity(a), '0')),
  'kubernetes.Quantity.isInteger(): bool': (a: CelQuantity) => quantity(a).nanos % 1_000_000_000n === 0n,
  'kubernetes.Quantity.asInteger(): int': (a: CelQuantity) => wholeUnits(quantity(a)),
  'kubernetes.Quantity.asApproximateFloat(): double': (a: CelQuantity) => Number(milliUnits(quantity(a))) / 1000,
  'url(string): kubernetes.URL': (text: string) => new CelUrl(text),
  'isURL(string): bool': (text: string) => succeeds(() => new URL(text)),
  'kubernetes.URL.getScheme(): string': ({ url }: CelUrl) => url.protocol.replace(/:$/, ''),
  'kubernetes.URL.getHost(): string': ({ url }: CelUrl) => url.host,
  'kubernetes.URL.getHostname(): string': ({ url }: CelUrl) => url.hostname.replaceAll(/^\[|\]$/g, ''),
  'kubernetes.URL.getPort(): string': ({ url }: CelUrl) => url.port,
  'kubernetes.URL.getEscapedPath(): string': ({ url }: CelUrl) => url.pathname,
  'kubernetes.URL.getQuery(): map': ({ url }: CelUrl) =>
    Object.fromEntries([...new Set(url.searchParams.keys())].map((key) => [key, url.searchParams.getAll(key)])),
  'ip(string): kubernetes.IP': (text: string) => new CelIp(text),
  'isIP(string): bool': (text: string) => isIP(text) !== 0,
  'kubernetes.IP.family(): int': ({ text }: CelIp) => BigInt(isIP(text)),
  'kubernetes.IP.isLoopback(): bool': ({ text }: CelIp) => text === '::1' || text.startsWith('127.'),
  'kubernetes.IP.isUnspecified(): bool': ({ text }: CelIp) => text === '::' || text === '0.0.0.0',
  'cidr(string): kubernetes.CIDR': (text: string) => new CelCidr(text),
  'isCIDR(string): bool': (text: string) => succeeds(() => new CelCidr(text)),
  'kubernetes.CIDR.containsIP(string): bool': (own: CelCidr, text: string) => contains(own, new CelIp(text).text),
  'kubernetes.CIDR.containsIP(kubernetes.IP): bool': (own: CelCidr, { text }: CelIp) => contains(own, text),
  'kubernetes.CIDR.containsCIDR(string): bool': (own: CelCidr, text: string) => {
    const other = new CelCidr(text);
    return other.prefix >= own.prefix && contains(own, other.address.text);
  },
  'kubernetes.CIDR.ip(): kubernetes.IP': ({ address }: CelCidr) => address,
  'kubernetes.CIDR.prefixLength(): int': ({ prefix }: CelCidr) => BigInt(prefix),
  'string.find(string): string': (text: string, pattern: string) => new RegExp(pattern, 'u').exec(text)?.[0] ?? '',
  'string.findAll(string): list<string>': (text: string, pattern: string) =>
    [...text.matchAll(new RegExp(pattern, 'gu'))].map(([found]) => found),
  'string.replace(string, string): string': (text: string, what: string, by: string) => text.replaceAll(what, by),
  'string.format(list): string': format,
  'list.isSorted(): bool': (list: readonly unknown[]) =>
    list.every((item, i) => i === 0 || compare(list[i - 1], item) <= 0),
  'list.sum(): dyn': (list: readonly bigint[]) =>
    list.length === 0
      ? 0n
      : list.reduce((all, item) => ((all as never as number) + (item as never as number)) as never),
  'list.min(): dyn': (list: readonly unknown[]) => extreme(list, -1),
  'list.max(): dyn': (list: readonly unknown[]) => extreme(list, 1),
  'list.indexOf(dyn): int': (list: readonly unknown[], item: unknown) => BigInt(list.indexOf(item)),
  'list.lastIndexOf(dyn): int': (list: readonly unknown[], item: unknown) => BigInt(list.lastIndexOf(item)),
};

function extreme(list: readonly unknown[], sign: 1 | -1): unknown {
  if (list.length === 0) throw new Error(`${sign < 0 ? 'min' : 'max'} called on empty list`);
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

/** CEL as Kubernetes has it. Only the named variables are known; `optional` ones may have no value. */
export function kubernetesEnvironment(variables: readonly string[], optional: readonly string[] = []): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
  });
  environment.registerType('kubernetes.Quantity', { ctor: CelQuantity });
  environment.registerType('kubernetes.URL', { ctor: CelUrl });
  environment.registerType('kubernetes.IP', { ctor: CelIp });
  environment.registerType('kubernetes.CIDR', { ctor: CelCidr });
  for (const [signature, handler] of Object.entries(functions)) {
    environment.registerFunction(signature, handler as (...values: unknown[]) => unknown);
  }
  addKubernetesLibraries(environment);
  for (const name of optional) environment.registerVariable(name, 'optional');
  for (const name of variables) environment.registerVariable(name, 'dyn');
  return environment;
}
