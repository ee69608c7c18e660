import { spawn } from 'node:child_process';

export interface CommandOptions {
  /** Written to its standard input. */
  readonly input?: string | undefined;
  /** 30 s unless said. */
  readonly timeoutMs?: number | undefined;
  /** The whole of its environment; that of this process unless said. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Run in this named network namespace. */
  readonly netns?: string | undefined;
  readonly signal: AbortSignal;
}

/** Far above what any of our commands prints. */
const outputLimitBytes = 64 << 20;

/** A program of the host that ended badly. The message is one line: what, and its first line of complaint. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number | undefined;
  readonly stderr: string;

  constructor(message: string, exitCode: number | undefined, stderr: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** Runs a program with these arguments (never a shell) and gives what it printed. @throws {CommandError} */
export function runCommand(program: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const { input, timeoutMs = 30_000, env, netns, signal } = options;
  const [file, ...rest] = netns === undefined ? [program] : ['ip', 'netns', 'exec', netns, program];
  return new Promise((resolve, reject) => {
    const child = spawn(file as string, [...rest, ...args], {
      signal,
      timeout: timeoutMs,
      ...(env === undefined ? {} : { env }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    const keep = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size <= outputLimitBytes) into.push(chunk);
      else child.kill();
    };
    child.stdout.on('data', keep(stdout));
    child.stderr.on('data', keep(stderr));
    child.on('error', (error) => {
      if (signal.aborted) reject(signal.reason as Error);
      else reject(new CommandError(`${program}: ${error.message}`, undefined, '', { cause: error }));
    });
    child.on('close', (code, killedBy) => {
      if (code === 0) {
        resolve(Buffer.concat(stdout).toString('utf8'));
        return;
      }
      const complaint = Buffer.concat(stderr).toString('utf8').trim();
      const why = complaint.split('\n', 1)[0] ?? '';
      const end = code === null ? `was ended by ${String(killedBy)}` : `exit code ${code}`;
      reject(new CommandError(`${program} ${args.join(' ')}: ${why === '' ? end : why}`, code ?? undefined, complaint));
    });
    // A program that ends without reading all is told by its exit code, not by this.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}
