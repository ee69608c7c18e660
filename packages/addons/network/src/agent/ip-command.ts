import { CommandError, runCommand } from '@geobuk/addon-sdk';

interface Options {
  readonly signal: AbortSignal;
}

/** The programs `ip` and `bridge`. Those that end in `IfThere` are content when what they speak of has gone already. */
export interface Ip {
  run(args: readonly string[], options: Options): Promise<void>;
  runIfThere(args: readonly string[], options: Options): Promise<void>;
  json<T>(args: readonly string[], options: Options): Promise<readonly T[]>;
  jsonIfThere<T>(args: readonly string[], options: Options): Promise<readonly T[]>;
  bridge(args: readonly string[], options: Options): Promise<void>;
  bridgeIfThere(args: readonly string[], options: Options): Promise<void>;
  bridgeJson<T>(args: readonly string[], options: Options): Promise<readonly T[]>;
}

/** @param netns another network namespace than the process's own, by its name. */
export function createIp(netns?: string): Ip {
  const call = async (program: string, args: readonly string[], { signal }: Options): Promise<void> => {
    await runCommand(program, args, { netns, signal });
  };
  const ask = async <T>(program: string, args: readonly string[], { signal }: Options): Promise<readonly T[]> => {
    const text = await runCommand(program, ['-j', ...args], { netns, signal });
    return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
  };
  return {
    run: (args, options) => call('ip', args, options),
    runIfThere: (args, options) => call('ip', args, options).catch(ignoringAbsence),
    json: (args, options) => ask('ip', args, options),
    jsonIfThere: async <T>(args: readonly string[], options: Options) =>
      (await ask<T>('ip', args, options).catch(ignoringAbsence)) ?? [],
    bridge: (args, options) => call('bridge', args, options),
    bridgeIfThere: (args, options) => call('bridge', args, options).catch(ignoringAbsence),
    bridgeJson: (args, options) => ask('bridge', args, options),
  };
}

/** What should go has gone already. */
function ignoringAbsence(error: unknown): undefined {
  if (error instanceof CommandError && /does not exist|Cannot find device|No such/.test(error.stderr)) return undefined;
  throw error;
}
