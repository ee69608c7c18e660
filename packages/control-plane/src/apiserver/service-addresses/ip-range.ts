import { BlockList, isIP } from 'node:net';

/** The usable addresses of an IPv4 network, by their number. */
export class IpRange {
  readonly cidr: string;
  readonly size: number;
  readonly #base: number;
  readonly #block = new BlockList();

  /** @throws {TypeError} what is no IPv4 network. */
  constructor(cidr: string) {
    const [address = '', bits = ''] = cidr.split('/');
    const length = Number(bits);
    if (isIP(address) !== 4 || !Number.isInteger(length) || length < 8 || length > 30) {
      throw new TypeError(`${cidr} is no IPv4 network between /8 and /30`);
    }
    this.cidr = cidr;
    this.size = 2 ** (32 - length);
    this.#base = toNumber(address) - (toNumber(address) % this.size);
    this.#block.addSubnet(address, length, 'ipv4');
  }

  contains(address: string): boolean {
    return isIP(address) === 4 && this.#block.check(address, 'ipv4');
  }

  at(index: number): string {
    return toAddress(this.#base + index);
  }
}

const toNumber = (address: string): number =>
  address.split('.').reduce((number, part) => number * 256 + Number(part), 0);

const toAddress = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
