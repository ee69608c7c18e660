/** The pod and Service networks of one cluster. */
export interface NetworkRanges {
  readonly podCIDR: string;
  readonly serviceCIDR: string;
}

/** The n-th Service address; 10 is the cluster DNS. */
export function serviceAddress(serviceCIDR: string, n: number): string {
  const [base] = serviceCIDR.split('/') as [string];
  const octets = base.split('.').map(Number);
  octets[3] = (octets[3] ?? 0) + n;
  return octets.join('.');
}

/**
 * The first pair of networks that nothing on this machine uses yet, so that several clusters can live side by side.
 * @param routes contents of /proc/net/route: little-endian hexadecimal destinations and masks.
 * @param taken pod networks of other clusters that were started but have no route yet.
 */
export function chooseNetworkRanges(routes: string, taken: readonly string[] = []): NetworkRanges {
  const destinations = parseRoutes(routes);
  for (let second = 42; second < 250; second += 2) {
    const podCIDR = `10.${second}.0.0/16`;
    if (taken.includes(podCIDR)) continue;
    const clash = destinations.some(
      ({ address, mask }) => overlaps(address, mask, second) || overlaps(address, mask, second + 1),
    );
    if (!clash) return { podCIDR, serviceCIDR: `10.${second + 1}.0.0/16` };
  }
  return { podCIDR: '10.42.0.0/16', serviceCIDR: '10.43.0.0/16' };
}

interface Destination {
  readonly address: number;
  readonly mask: number;
}

function parseRoutes(text: string): readonly Destination[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 8)
    .map((fields) => ({ address: swap(fields[1] as string), mask: swap(fields[7] as string) }))
    .filter(({ mask }) => mask !== 0); // the default route takes nothing away
}

const swap = (hex: string): number => Buffer.from(hex, 'hex').readUInt32LE(0);

function overlaps(address: number, mask: number, second: number): boolean {
  const base = (10 << 24) | (second << 16);
  const common = mask & 0xffff0000;
  return ((address ^ base) & common) === 0 && (common !== 0 || mask === 0);
}
