import { spawn } from 'node:child_process';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { AddonCluster, AddonDefinition, KubernetesObject } from '@geobuk/api';
import { addonDefinitionProblems } from '@geobuk/api';

/** An addon's definition without its function: data that can cross a process. */
export type AddonFacts = Omit<AddonDefinition, 'manifests'>;

export interface Evaluation {
  /** The file that exports the definition. */
  readonly entry: string;
  /** Folders that may be read: the package itself and what the product has. */
  readonly readable: readonly string[];
  /** Completed by the defaults; undefined: only the facts are wanted. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly cluster: AddonCluster;
}

export interface Evaluated {
  readonly facts: AddonFacts;
  /** Undefined when no config was given. */
  readonly objects: readonly KubernetesObject[] | undefined;
}

const timeoutMs = 15_000;
const answerBytes = 16 << 20;

/** Runs in the process of its own; what the package prints goes to stderr. */
const program = `
import { pathToFileURL } from 'node:url';
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
let text = '';
for await (const chunk of process.stdin) text += chunk;
const { entry, config, cluster } = JSON.parse(text);
const { default: definition } = await import(pathToFileURL(entry).href);
if (typeof definition?.manifests !== 'function') throw new TypeError(entry + ' does not export an addon definition by default');
const { manifests, ...facts } = definition;
const objects = config === undefined ? undefined : definition.manifests(config, cluster);
answer(JSON.stringify({ facts, objects }), () => process.exit(0));
`;

const permissionFlag = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

/**
 * Asks a package that did not come with the product what it is and what it brings, in a process of its own: without
 * environment or credentials, and with Node.js' permission model, so that it can read nothing but itself and the product's
 * packages, write no file and start no process.
 * @throws {Error} it fails, takes too long, or its definition is not right.
 */
export async function evaluateAddon(evaluation: Evaluation, signal: AbortSignal): Promise<Evaluated> {
  const { entry, readable, config, cluster } = evaluation;
  const folders = new Set<string>();
  for (const folder of readable) {
    folders.add(folder);
    folders.add(await realpath(folder));
  }
  const args = [permissionFlag, ...[...folders].map((folder) => `--allow-fs-read=${folder}/*`), '--no-warnings'];
  const text = await answerOf([...args, '--input-type=module', '--eval', program], { entry, config, cluster }, signal);
  let answer: { readonly facts: AddonFacts; readonly objects?: readonly KubernetesObject[] };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch (cause) {
    throw new Error('the package ended without an answer: its module must not end the process', { cause });
  }
  const [problem] = addonDefinitionProblems(answer.facts);
  if (problem !== undefined) throw new Error(`the definition is not right: ${problem}`);
  if (config !== undefined && !Array.isArray(answer.objects)) throw new Error('manifests must give a list of objects');
  return { facts: answer.facts, objects: answer.objects?.map((object) => checkedObject(object, answer.facts.name)) };
}

function checkedObject(object: KubernetesObject, addon: string): KubernetesObject {
  const { apiVersion, kind, metadata } = object as Partial<KubernetesObject>;
  const isWhole = typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata?.name === 'string';
  if (!isWhole) throw new Error('manifests gave an object without apiVersion, kind or name');
  const labels = { ...metadata.labels, 'addons.geobuk.dev/addon': addon };
  return { ...object, metadata: { ...metadata, labels } };
}

async function answerOf(args: readonly string[], question: unknown, signal: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], env: {}, timeout: timeoutMs, signal });
  const answer: Buffer[] = [];
  const words: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > answerBytes) child.kill('SIGKILL');
    else answer.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (words.length < 100) words.push(chunk);
  });
  child.stdin.on('error', () => undefined); // it ended before it read the question; its exit says why
  child.stdin.end(JSON.stringify(question));
  const [code, killed] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
  });
  if (bytes > answerBytes) throw new Error(`the package's answer is larger than ${answerBytes} bytes`);
  if (killed !== null) throw new Error(`the package did not answer within ${timeoutMs / 1000} s`);
  if (code !== 0) throw new Error(`the package fails: ${failureOf(Buffer.concat(words).toString('utf8'))}`);
  return Buffer.concat(answer).toString('utf8');
}

/** The line that names the error, out of what Node.js prints of an uncaught one. */
function failureOf(words: string): string {
  const lines = words.split('\n').map((line) => line.trim());
  const line =
    lines.find((candidate) => /^(\w*Error\b|\[?\w*Error)/.test(candidate)) ?? lines.find((text) => text !== '');
  return (line ?? 'it says nothing').slice(0, 500);
}

/** The product's packages, which may lie outside of the folders that name them. */
export async function productFolders(moduleRoots: readonly string[]): Promise<readonly string[]> {
  const folders = new Set<string>();
  for (const moduleRoot of moduleRoots) {
    folders.add(moduleRoot);
    const scope = join(moduleRoot, '@geobuk');
    for (const name of await readdir(scope).catch(() => [])) {
      const folder = await realpath(join(scope, name)).catch(() => undefined); // a link to what is gone
      if (folder !== undefined) folders.add(folder);
    }
  }
  return [...folders];
}
