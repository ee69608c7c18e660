import { readFile } from 'node:fs/promises';

/** What went through one interface since it is there. */
export interface InterfaceStats {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** Follows: /proc/net/dev; the loopback is nobody's network. Pure. */
export function parseNetDev(text: string): readonly InterfaceStats[] {
  return text
    .split('\n')
    .map((line) => /^\s*([^:\s]+):\s*(.*)$/.exec(line))
    .filter((found) => found !== null)
    .map(([, name = '', numbers = '']) => ({ name, counted: numbers.trim().split(/\s+/).map(Number) }))
    .filter(({ name, counted }) => name !== 'lo' && counted.length >= 12)
    .map(({ name, counted }) => ({
      name,
      rxBytes: counted[0] ?? 0,
      rxPackets: counted[1] ?? 0,
      rxErrors: counted[2] ?? 0,
      rxDropped: counted[3] ?? 0,
      txBytes: counted[8] ?? 0,
      txPackets: counted[9] ?? 0,
      txErrors: counted[10] ?? 0,
      txDropped: counted[11] ?? 0,
    }));
}

/** Of the network that a process is in; nothing where it is gone. */
export const interfacesOf = (pid: number | 'self'): Promise<readonly InterfaceStats[]> =>
  readFile(`/proc/${pid}/net/dev`, 'utf8').then(parseNetDev, () => []);
