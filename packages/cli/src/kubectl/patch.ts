import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Patch } from '@geobuk/client';
import { onDemand } from '../on-demand.js';
import { CliError } from '../cli-error.js';
import { dryRunOf, forEachTelling, report } from './apply.js';
import type { KubectlIo } from './io.js';
import { selectedObjects } from './selected-objects.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, text } from './verb.js';

/** Follows: kubectl patch. */
export function addPatch(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'patch', 'change fields of objects', io, patch)
    .option('-p, --patch <patch>', 'the patch, JSON or YAML')
    .option('--patch-file <file>', 'file with the patch')
    .option('--type <type>', 'strategic, merge or json', 'strategic')
    .option('--subresource <name>', 'a subresource, such as status')
    .option('-f, --filename <file>', 'objects named in files', collect)
    .option('-R, --recursive', 'files in folders below too')
    .option('-o, --output <format>', 'yaml|json|name|jsonpath=…')
    .option('--dry-run [mode]', 'none, server or client', 'none');
}

async function patch(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const file = text(flags, 'patchFile');
  const words = file === undefined ? text(flags, 'patch') : await readFile(file, 'utf8');
  if (words === undefined)
    throw new CliError('must specify --patch or --patch-file containing the contents of the patch', 2);
  const wanted = parsePatch(text(flags, 'type') ?? 'strategic', words);
  const dryRun = dryRunOf(flags) !== 'none';
  const options = {
    dryRun,
    subresource: text(flags, 'subresource'),
    fieldManager: 'kubectl-patch',
    signal: session.signal,
  };
  await forEachTelling(session, await selectedObjects(session, args, flags), async ({ type, key }) => {
    const before = await session.client.read(type, key, { signal: session.signal });
    // Custom resources have no schema that says how their lists merge.
    if (wanted.type === 'strategic' && type.definition === undefined) {
      throw new CliError(`strategic patches are not supported for ${type.kind}; use --type=merge`);
    }
    const after = await session.client.patch(type, key, wanted, options);
    const changed = before.metadata.resourceVersion !== after.metadata.resourceVersion || dryRun;
    await report(session, flags, type, after, changed ? 'patched' : 'patched (no change)');
  });
}

/** @throws {CliError} usage: an unknown type, or no JSON or YAML. */
export function parsePatch(type: string, words: string): Patch {
  let body: unknown;
  try {
    body = onDemand.yaml.parse(words, { version: '1.1' });
  } catch (error) {
    throw new CliError(`unable to parse "${words}": ${(error as Error).message.split('\n')[0] ?? ''}`, 2, {
      cause: error,
    });
  }
  switch (type) {
    case 'json':
      if (!Array.isArray(body)) throw new CliError('a JSON patch is a list of operations', 2);
      return { type, operations: body };
    case 'merge':
    case 'strategic':
      if (typeof body !== 'object' || body === null || Array.isArray(body))
        throw new CliError('the patch must be an object', 2);
      return { type, body };
    default:
      throw new CliError(`--type must be one of [json merge strategic], not "${type}"`, 2);
  }
}
