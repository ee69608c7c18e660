import { runCommand } from './run-command.js';

export interface NftOptions {
  readonly signal: AbortSignal;
}

/** Carries out all of the commands or none. @throws {CommandError} with nft's complaint. */
export async function applyNft(commands: readonly string[], { signal }: NftOptions): Promise<void> {
  if (commands.length === 0) return;
  await runCommand('nft', ['-f', '-'], { input: `${commands.join('\n')}\n`, signal, timeoutMs: 120_000 });
}

export interface NftTable {
  /** `ip` or `ip6`. */
  readonly family: string;
  readonly name: string;
}

/** Whether the kernel has this table now. */
export async function hasNftTable({ family, name }: NftTable, { signal }: NftOptions): Promise<boolean> {
  const text = await runCommand('nft', ['-j', 'list', 'tables'], { signal });
  const listed = JSON.parse(text) as { readonly nftables?: readonly { readonly table?: NftTable }[] };
  return (listed.nftables ?? []).some(({ table }) => table?.family === family && table.name === name);
}

/** Removes the table with all it holds, if it is there; in one transaction, so that it cannot fail halfway. */
export const deleteNftTable = ({ family, name }: NftTable): readonly string[] => [
  `add table ${family} ${name}`,
  `delete table ${family} ${name}`,
];
