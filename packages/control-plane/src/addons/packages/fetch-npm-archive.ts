import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface FetchOptions {
  /** The npm command; the one beside this Node.js unless said. */
  readonly npm?: string | undefined;
  readonly signal: AbortSignal;
}

const timeoutMs = 120_000;
const outputBytes = 4 << 20;

/**
 * The archive of a package as the registry has it. Which registry, and with which credentials, is npm's own configuration.
 * @throws {Error} one line: what npm says.
 */
export async function fetchNpmArchive(name: string, version: string, options: FetchOptions): Promise<Buffer> {
  const scratch = await mkdtemp(join(tmpdir(), 'geobuk-npm-'));
  try {
    await npm(
      ['pack', '--ignore-scripts', '--pack-destination', scratch, '--', `${name}@${version}`],
      scratch,
      options,
    );
    const [file] = (await readdir(scratch)).filter((candidate) => candidate.endsWith('.tgz'));
    if (file === undefined) throw new Error(`npm gives no archive of ${name}@${version}`);
    return await readFile(join(scratch, file));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The newest version in a range that the registry has, with its integrity. @throws {Error} what npm says. */
export async function newestVersion(
  name: string,
  range: string,
  options: FetchOptions,
): Promise<{ readonly version: string; readonly integrity: string }> {
  const fields = ['version', 'dist.integrity'];
  const text = await npm(['view', '--json', `${name}@${range}`, ...fields], tmpdir(), options);
  const parsed = (text.trim() === '' ? [] : JSON.parse(text)) as VersionView | readonly VersionView[];
  const found = (Array.isArray(parsed) ? (parsed as readonly VersionView[]) : [parsed as VersionView]).at(-1);
  const version = found?.version;
  const integrity = found?.['dist.integrity'];
  if (version === undefined || integrity === undefined)
    throw new Error(`the registry has no version of ${name} in the range ${range}`);
  return { version, integrity };
}

interface VersionView {
  readonly version?: string;
  readonly 'dist.integrity'?: string;
}

async function npm(args: readonly string[], cwd: string, options: FetchOptions): Promise<string> {
  const { signal, npm: command = join(dirname(process.execPath), 'npm') } = options;
  try {
    const quiet = ['--loglevel=error', '--no-update-notifier'];
    const { stdout } = await promisify(execFile)(command, [...quiet, ...args], {
      signal,
      cwd,
      timeout: timeoutMs,
      maxBuffer: outputBytes,
    });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    const words = (error as { readonly stderr?: string }).stderr?.trim() || (error as Error).message;
    const lines = words.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim());
    const line = lines.find((candidate) => candidate !== '' && !candidate.startsWith('code ')) ?? words;
    throw new Error(line.slice(0, 500), { cause: error });
  }
}
