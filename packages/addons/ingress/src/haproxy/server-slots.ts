/** Where a server is: an address of an endpoint with its port. */
export interface ServerAddress {
  readonly ip: string;
  readonly port: number;
}

/** Servers of one backend section, free ones included; the number of a slot is its name in the engine. */
export type ServerSlots = readonly (ServerAddress | undefined)[];

const fewest = 4;

export const addressText = ({ ip, port }: ServerAddress): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

/** With room to grow, so that most changes of endpoints fit without another configuration. */
export function slotsFor(addresses: readonly ServerAddress[]): ServerSlots {
  let size = fewest;
  while (size < addresses.length + 1) size *= 2;
  return [...addresses, ...new Array<undefined>(size - addresses.length).fill(undefined)];
}

/**
 * The slots after a change: who stays keeps its slot and thereby its connections.
 * @returns undefined when they do not fit.
 */
export function refilled(slots: ServerSlots, addresses: readonly ServerAddress[]): ServerSlots | undefined {
  const wanted = new Map(addresses.map((address) => [addressText(address), address]));
  const kept = slots.map((slot) => (slot !== undefined && wanted.delete(addressText(slot)) ? slot : undefined));
  const fresh = [...wanted.values()];
  // A slot that was free before goes first: one that just lost its server may still have connections to it.
  const free = kept.flatMap((slot, index) => (slot === undefined ? [index] : []));
  free.sort((a, b) => Number(slots[a] !== undefined) - Number(slots[b] !== undefined) || a - b);
  if (fresh.length > free.length) return undefined;
  const next = [...kept];
  for (const [index, address] of fresh.entries()) next[free[index] as number] = address;
  return next;
}

/** Commands for the engine's socket that turn one into the other. */
export function slotCommands(backend: string, before: ServerSlots, after: ServerSlots): readonly string[] {
  return after.flatMap((now, index) => {
    const was = before[index];
    const server = `${backend}/e${index}`;
    if (now === undefined) return was === undefined ? [] : [`set server ${server} state maint`];
    if (was !== undefined && addressText(was) === addressText(now)) return [];
    return [`set server ${server} addr ${now.ip} port ${now.port}`, `set server ${server} state ready`];
  });
}
