import { runCommand } from '../agent/run-command.js';

interface Options {
  readonly signal: AbortSignal;
}

export interface NftTable {
  /** `ip` or `ip6`. */
  readonly family: string;
  readonly name: string;
}

/** The kernel's packet filter, by the `nft` command. */
export interface Nft {
  /** Carries out all of the commands or none. @throws {CommandError} with nft's complaint. */
  apply(commands: readonly string[], options: Options): Promise<void>;
  /** Whether the kernel has this table now. */
  hasTable(table: NftTable, options: Options): Promise<boolean>;
}

/** @param netns another network namespace than the process's own, by its name. */
export function createNft(netns?: string): Nft {
  return {
    async apply(commands, { signal }) {
      if (commands.length === 0) return;
      await runCommand('nft', ['-f', '-'], { input: `${commands.join('\n')}\n`, timeoutMs: 120_000, netns, signal });
    },
    async hasTable({ family, name }, { signal }) {
      const text = await runCommand('nft', ['-j', 'list', 'tables'], { netns, signal });
      const listed = JSON.parse(text) as { readonly nftables?: readonly { readonly table?: NftTable }[] };
      return (listed.nftables ?? []).some(({ table }) => table?.family === family && table.name === name);
    },
  };
}

/** Removes the table with all it holds, if it is there; in one transaction, so that it cannot fail halfway. */
export const deleteNftTable = ({ family, name }: NftTable): readonly string[] => [
  `add table ${family} ${name}`,
  `delete table ${family} ${name}`,
];
