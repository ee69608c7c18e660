import { isIPv4, isIPv6 } from 'node:net';

/** `10-1-2-3` and `5678-abcd--1` as addresses; undefined for anything else. Follows: CoreDNS' pod and endpoint names. */
export function addressOfDashed(label: string): string | undefined {
  const v4 = label.replaceAll('-', '.');
  if (isIPv4(v4)) return v4;
  const v6 = label.replaceAll('-', ':');
  return isIPv6(v6) ? v6 : undefined;
}

export const dashed = (address: string): string => address.replaceAll(/[.:]/g, '-');

/** Eight groups without leading zeros, so that equal IPv6 addresses are equal texts; IPv4 stays as it is. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::') as [string, string | undefined];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...middle, ...right].map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}

/** The address that a name under in-addr.arpa or ip6.arpa stands for. @param labels lower case, without the root. */
export function addressOfReverse(labels: readonly string[]): string | undefined {
  const zone = labels.slice(-2).join('.');
  const parts = labels.slice(0, -2).reverse();
  if (zone === 'in-addr.arpa') {
    const address = parts.join('.');
    return parts.length === 4 && isIPv4(address) ? address : undefined;
  }
  if (zone !== 'ip6.arpa' || parts.length !== 32 || !parts.every((nibble) => /^[0-9a-f]$/.test(nibble)))
    return undefined;
  return canonicalAddress(Array.from({ length: 8 }, (_, i) => parts.slice(i * 4, i * 4 + 4).join('')).join(':'));
}

/** Whether an IPv4 address lies in a network such as `10.43.0.0/16`. */
export function inNetwork(address: string, network: string): boolean {
  const [base = '', bits = '32'] = network.split('/');
  if (!isIPv4(address) || !isIPv4(base)) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}

const number = (address: string): number => address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
