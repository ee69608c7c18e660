/** An IPv4 network. */
export interface Cidr {
  readonly base: number;
  readonly bits: number;
}

/** @throws {TypeError} not an IPv4 network in CIDR form. */
export function parseCidr(text: string): Cidr {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const octets = match?.slice(1, 5).map(Number) ?? [];
  const bits = Number(match?.[5]);
  if (match === null || octets.some((octet) => octet > 255) || bits > 32)
    throw new TypeError(`"${text}" is not an IPv4 network such as 10.42.0.0/16`);
  const base = octets.reduce((value, octet) => value * 256 + octet, 0);
  return { base: base - (base % 2 ** (32 - bits)), bits };
}

export const formatCidr = ({ base, bits }: Cidr): string =>
  `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`;

/** How many networks of `bits` fit. */
export const subnetCount = (network: Cidr, bits: number): number => 2 ** (bits - network.bits);

export const subnet = (network: Cidr, bits: number, index: number): Cidr => ({
  base: network.base + index * 2 ** (32 - bits),
  bits,
});

/** Which subnet of `bits` a network lies in, or undefined outside. */
export function subnetIndex(network: Cidr, bits: number, part: Cidr): number | undefined {
  const index = Math.floor((part.base - network.base) / 2 ** (32 - bits));
  return index >= 0 && index < subnetCount(network, bits) ? index : undefined;
}
