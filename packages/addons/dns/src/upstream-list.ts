import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { upstreamsOf } from './forward/resolv-conf.js';
import type { UpstreamAddress } from './forward/upstream.js';

/** Where systemd-resolved keeps the servers that /etc/resolv.conf hides behind a loopback address. */
const resolvedFile = '/run/systemd/resolve/resolv.conf';

/** `192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:53`. @throws {TypeError} none of these. */
export function parseUpstream(text: string): UpstreamAddress {
  if (isIP(text) !== 0) return { address: text, port: 53 };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (isIP(address) === 0 || !(port > 0 && port < 65_536))
    throw new TypeError(`"${text}" is no address of a DNS server: use 192.0.2.1 or 192.0.2.1:53`);
  return { address, port };
}

/**
 * The servers that a list of addresses and resolv.conf files stands for.
 * @param own addresses of this machine: asking ourselves would go round for ever.
 */
export function upstreamList(entries: readonly string[], own: readonly string[]): readonly UpstreamAddress[] {
  return entries.flatMap((entry) => {
    if (!entry.startsWith('/')) return [parseUpstream(entry)];
    const direct = upstreamsOf(read(entry), own);
    const found = direct.length > 0 ? direct : upstreamsOf(read(resolvedFile), own);
    return found.map((address) => ({ address, port: 53 }));
  });
}

/** A machine without the file has no name servers: the cluster's own names are served all the same. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
