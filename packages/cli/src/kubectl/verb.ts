import type { Command } from 'commander';
import { Option } from 'commander';
import { CliError } from '../cli-error.js';
import { failureLine } from './failure-line.js';
import type { ClusterFlags, KubectlIo } from './io.js';
import { Session } from './session.js';

/** The flags of a verb as commander read them. */
export type Flags = Readonly<Record<string, unknown>>;

export type Act = (session: Session, args: readonly string[], flags: Flags) => Promise<void>;

/** `--flag a --flag b`, and the `a,b` of those flags that split. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds a verb with the flags every verb has. Its arguments are checked by the verb itself. */
export function addVerb(parent: Command, name: string, description: string, io: KubectlIo, act: Act): Command {
  const command = parent
    .command(name)
    .description(description)
    .argument('[args...]')
    .option('-n, --namespace <name>', 'namespace to work in')
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--cluster <name>', 'cluster of the kubeconfig')
    .option('--user <name>', 'user of the kubeconfig')
    .option('-s, --server <url>', 'address of the API server')
    .option('--token <token>', 'bearer token')
    .option('--as <user>', 'user to impersonate')
    .option('--as-group <group>', 'group to impersonate, may be repeated', collect)
    .option('--insecure-skip-tls-verify', 'trust whoever answers')
    .addOption(new Option('--data-dir <dir>', 'data directory of the cluster').hideHelp());
  command.action(async (args: readonly string[], flags: ClusterFlags & Flags) => {
    await perform(io, flags, (session) => act(session, args, flags));
  });
  return command;
}

async function perform(io: KubectlIo, flags: ClusterFlags, act: (session: Session) => Promise<void>): Promise<void> {
  try {
    const signal = io.signal();
    const { client, namespace } = await io.open(flags);
    await using _closing = client;
    await act(new Session({ client, namespace: flags.namespace ?? namespace, signal, io }));
  } catch (error) {
    const { line, exitCode } = failureLine(error);
    if (line !== '') io.stderr.write(`${line}\n`);
    io.setExitCode(exitCode);
  }
}

export const text = (flags: Flags, name: string): string | undefined => {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
};

export const texts = (flags: Flags, name: string): readonly string[] => {
  const value = flags[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
};

export const isSet = (flags: Flags, name: string): boolean => flags[name] === true || flags[name] === 'true';

/** @throws {CliError} usage: not a whole number. */
export function wholeNumber(flags: Flags, name: string): number | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  if (!/^-?\d+$/.test(value))
    throw new CliError(`--${kebab(name)} must be a whole number, not ${JSON.stringify(value)}`, 2);
  return Number(value);
}

/** Milliseconds of `1h2m3s`, `300ms`, or `0`. @throws {CliError} usage: no duration. */
export function durationMs(flags: Flags, name: string): number | undefined {
  const value = text(flags, name);
  return value === undefined ? undefined : parseDurationMs(value, `--${kebab(name)}`);
}

export function parseDurationMs(value: string, flag: string): number {
  if (value === '0') return 0;
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const negative = value.startsWith('-');
  const parts = [...value.replace(/^-/, '').matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== value.replace(/^-/, '')) {
    throw new CliError(`${flag} ${value}: no duration; write it as 30s, 5m or 1h30m`, 2);
  }
  const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0);
  return negative ? -total : total;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
