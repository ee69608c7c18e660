import type { Command } from 'commander';
import type { ObjectKey, Pod } from '@geobuk/api';
import { keyOf } from '@geobuk/api';
import type { AttachOptions, TerminalSize } from '@geobuk/client';
import { attachToPod, execInPod } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import { ExitCodeError } from './failure-line.js';
import type { KubectlIo, Output } from './io.js';
import { podFor } from './pod-of.js';
import { parseOne } from './resource-args.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, isSet, text } from './verb.js';

/** Follows: kubectl exec, attach. */
export function addExec(parent: Command, io: KubectlIo): void {
  const streams = (command: Command): Command =>
    command
      .option('-c, --container <name>', 'container')
      .option('-i, --stdin', 'pass standard input on')
      .option('-t, --tty', 'standard input is a terminal')
      .option('-q, --quiet', 'only what the command says');
  streams(addVerb(parent, 'exec', 'run a command in a container: exec POD -- COMMAND', io, exec));
  streams(addVerb(parent, 'attach', 'join a running container', io, attach));
}

async function exec(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [target, ...command] = args;
  if (target === undefined) throw new CliError('pod or type/name must be specified', 2);
  if (command.length === 0)
    throw new CliError('you must specify at least one command for the container: exec POD -- COMMAND', 2);
  const pod = await podFor(session, await parseOne(session, [target], 'pods'));
  const container = containerOf(session, pod, flags);
  const code = await withTerminal(session, flags, (options) =>
    execInPod(session.client, keyOf(pod), { ...options, container, command }),
  );
  if (code !== 0) throw new ExitCodeError(`command terminated with exit code ${code}`, code);
}

async function attach(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [target] = args;
  if (target === undefined) throw new CliError('pod or type/name must be specified', 2);
  const pod = await podFor(session, await parseOne(session, [target], 'pods'));
  const container = containerOf(session, pod, flags);
  const spec = pod.spec.containers.find(({ name }) => name === container);
  if (isSet(flags, 'tty') && spec?.tty !== true) {
    session.note(`error: Unable to use a TTY - container ${container ?? ''} did not allocate one`);
  }
  await attachTo(session, keyOf(pod), container, { ...flags, tty: isSet(flags, 'tty') && spec?.tty === true });
}

/** Joins a container until it ends. */
export async function attachTo(
  session: Session,
  pod: ObjectKey,
  container: string | undefined,
  flags: Flags,
): Promise<void> {
  const code = await withTerminal(session, flags, (options) => {
    if (options.stdin !== undefined) session.note("If you don't see a command prompt, try pressing enter.");
    return attachToPod(session.client, pod, { ...options, container });
  });
  if (code !== 0) throw new ExitCodeError(`command terminated with exit code ${code}`, code);
}

function containerOf(session: Session, pod: Pod, flags: Flags): string | undefined {
  const asked = text(flags, 'container');
  if (asked !== undefined) return asked;
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  const [first] = pod.spec.containers;
  if (preferred === undefined && pod.spec.containers.length > 1 && !isSet(flags, 'quiet')) {
    const names = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(({ name }) => name).join(', ');
    session.note(`Defaulted container "${first?.name ?? ''}" out of: ${names}`);
  }
  return preferred ?? first?.name;
}

/** Puts our terminal into raw mode for the time of the call, so that every key goes to the container. */
async function withTerminal(
  session: Session,
  flags: Flags,
  run: (options: AttachOptions) => Promise<number>,
): Promise<number> {
  const { stdin, stdout, signal } = session;
  const interactive = isSet(flags, 'stdin');
  const wanted = isSet(flags, 'tty');
  const tty = wanted && interactive && stdin.isTTY === true;
  if (wanted && !tty && interactive)
    session.note('Unable to use a TTY - input is not a terminal or the right kind of file');
  if (tty) stdin.setRawMode?.(true);
  try {
    return await run({
      stdin: interactive ? stdin : undefined,
      stdout,
      stderr: tty ? undefined : session.io.stderr,
      tty: tty || (wanted && !interactive),
      sizes: tty ? sizesOf(stdout, signal) : undefined,
      signal,
    });
  } finally {
    if (tty) stdin.setRawMode?.(false);
    if (interactive) stdin.pause();
  }
}

/** The terminal's size now, and after each change. */
async function* sizesOf(stdout: Output, signal: AbortSignal): AsyncGenerator<TerminalSize, void, undefined> {
  let wake: (() => void) | undefined;
  const changed = (): void => wake?.();
  stdout.on('resize', changed);
  try {
    while (!signal.aborted) {
      const next = new Promise<void>((resolve) => (wake = resolve));
      yield { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 };
      await next;
    }
  } finally {
    stdout.off('resize', changed);
  }
}
