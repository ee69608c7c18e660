import { readFile, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { KubernetesObject } from '@geobuk/api';
import { onDemand } from '../on-demand.js';
import { CliError } from '../cli-error.js';

const extensions = ['.yaml', '.yml', '.json'];
/** Far above what an API server takes in one object; files hold many. */
const inputLimitBytes = 64 << 20;

export interface ManifestSources {
  /** Files, folders, or `-` for standard input. */
  readonly files: readonly string[];
  readonly recursive: boolean;
}

/** @throws {CliError} a file that cannot be read or is no manifest. */
export async function readManifests(
  { files, recursive }: ManifestSources,
  stdin: Readable,
): Promise<readonly KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  for (const file of files) {
    if (file === '-') objects.push(...parseManifests(await textOf(stdin), 'standard input'));
    else {
      for (const path of await expand(file, recursive)) {
        const content = await readFile(path, 'utf8').catch((error: Error) => {
          throw new CliError(`cannot read ${path}: ${error.message}`, 1, { cause: error });
        });
        objects.push(...parseManifests(content, path));
      }
    }
  }
  if (objects.length === 0) throw new CliError('no objects passed');
  return objects;
}

async function expand(path: string, recursive: boolean): Promise<readonly string[]> {
  const found = await stat(path).catch(() => {
    throw new CliError(`the path "${path}" does not exist`);
  });
  if (!found.isDirectory()) return [path];
  const paths: string[] = [];
  for (const entry of (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) {
      if (recursive) paths.push(...(await expand(inner, recursive)));
    } else if (extensions.includes(extname(entry.name))) paths.push(inner);
  }
  return paths;
}

async function textOf(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk as string);
    size += bytes.length;
    if (size > inputLimitBytes) throw new CliError(`standard input is larger than ${inputLimitBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Every object of every document; a List gives its items. @throws {CliError} what is no manifest. */
export function parseManifests(content: string, source: string): readonly KubernetesObject[] {
  const objects: KubernetesObject[] = [];
  // Kubernetes reads YAML 1.1: `on` and `yes` are booleans there.
  for (const document of onDemand.yaml.parseAllDocuments(content, { version: '1.1', merge: true })) {
    const [problem] = document.errors;
    if (problem !== undefined) throw new CliError(`error parsing ${source}: ${problem.message.split('\n')[0] ?? ''}`);
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value !== null && value !== undefined) objects.push(...flatten(value, source));
  }
  return objects;
}

function flatten(value: unknown, source: string): readonly KubernetesObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError(`error parsing ${source}: a document is no object`);
  }
  const object = value as KubernetesObject & { readonly items?: readonly unknown[] };
  if (typeof object.kind !== 'string') throw new CliError(`error validating ${source}: kind not set`);
  if (typeof object.apiVersion !== 'string') throw new CliError(`error validating ${source}: apiVersion not set`);
  if (object.kind.endsWith('List') && Array.isArray(object.items)) {
    return object.items.flatMap((item) => flatten(item, source));
  }
  return [{ ...object, metadata: object.metadata ?? {} }];
}
