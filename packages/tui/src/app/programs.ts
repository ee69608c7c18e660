import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ProgramCall } from './services.js';

/** How much of what a program says is kept. */
const endOfOutput = 64 * 1024;
const wholeOutput = 16 * 1024 * 1024;

const environmentOf = ({ environment }: ProgramCall): NodeJS.ProcessEnv => ({ ...process.env, ...environment });

/** Runs a program in the terminal as it is. @returns its exit code. @throws {Error} it cannot be run. */
export function runInFront(call: ProgramCall): Promise<number> {
  const child = spawn(call.command, call.args, { stdio: 'inherit', env: environmentOf(call) });
  return exitOf(child, call.command);
}

/**
 * Runs a program, and those its output goes through, without a terminal.
 * @returns the exit code of the first that failed, and the end of what was said. @throws {Error} one cannot be run.
 */
export async function runBehind(
  call: ProgramCall,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly output: string }> {
  const said: Buffer[] = [];
  let size = 0;
  const mostOutput = call.whole === true ? wholeOutput : endOfOutput;
  const hear = (stream: Readable): void => {
    stream.on('data', (data: Buffer) => {
      said.push(data);
      size += data.length;
      while (size - (said[0]?.length ?? 0) > mostOutput) size -= said.shift()?.length ?? 0;
    });
  };
  const commands = [[call.command, ...call.args], ...call.pipes];
  const children: ChildProcess[] = [];
  const exits: Promise<number>[] = [];
  let input: Readable | undefined;
  for (const [index, [command = '', ...args]] of commands.entries()) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environmentOf(call), signal });
    children.push(child);
    exits.push(exitOf(child, command));
    // A program that ends before its input does is no failure: `head` does.
    child.stdin.on('error', () => child.stdin.destroy());
    if (input === undefined) child.stdin.end();
    else input.pipe(child.stdin);
    hear(child.stderr);
    if (index === commands.length - 1) hear(child.stdout);
    input = child.stdout;
  }
  const codes = await Promise.allSettled(exits);
  const failed = codes.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    for (const child of children) child.kill();
    throw failed.reason as Error;
  }
  const code = codes.map((one) => (one.status === 'fulfilled' ? one.value : 0)).find((one) => one !== 0) ?? 0;
  return { code, output: Buffer.concat(said).toString('utf8').slice(-mostOutput) };
}

/** Follows: a shell's exit codes: 128 and the signal's number stand for a signal; here 128 for any. */
function exitOf(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`cannot run ${command}: ${error.message}; is it installed?`, { cause: error })),
    );
    child.once('close', (code) => resolve(code ?? 128));
  });
}
