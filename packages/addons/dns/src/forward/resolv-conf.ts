import { isIP } from 'node:net';

/**
 * The name servers that a resolv.conf names, without those that would bring a query straight back: loopback addresses and
 * our own. Pure.
 */
export function upstreamsOf(text: string, own: readonly string[]): readonly string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .map((address) => address.replace(/%.*$/, ''))
    .filter(
      (address) => isIP(address) !== 0 && !address.startsWith('127.') && address !== '::1' && !own.includes(address),
    );
}
