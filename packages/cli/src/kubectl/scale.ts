import type { Command } from 'commander';
import type { KubernetesObject } from '@geobuk/api';
import { isConflict } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import { forEachTelling } from './apply.js';
import type { KubectlIo } from './io.js';
import type { NamedObject } from './resource-args.js';
import { selectedObjects } from './selected-objects.js';
import { shownName } from './session.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, collect, isSet, wholeNumber } from './verb.js';

interface Scale extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
}

/** Follows: kubectl scale, by the scale subresource, so that it works for every kind that has one. */
export function addScale(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'scale', 'set the number of replicas', io, scale)
    .option('--replicas <count>', 'wanted replicas')
    .option('--current-replicas <count>', 'only when there are so many now')
    .option('-f, --filename <file>', 'objects named in files', collect)
    .option('-R, --recursive', 'files in folders below too')
    .option('-l, --selector <labels>', 'by labels')
    .option('--all', 'all of the type')
    .option('--dry-run [mode]', 'none, server or client', 'none');
}

async function scale(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const replicas = wholeNumber(flags, 'replicas');
  if (replicas === undefined) throw new CliError('required flag(s) "replicas" not set', 2);
  if (replicas < 0)
    throw new CliError('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0', 2);
  await forEachTelling(session, await selectedObjects(session, args, flags), async (object) => {
    await scaleOne(session, object, replicas, wholeNumber(flags, 'currentReplicas'));
    if (!isSet(flags, 'quiet')) session.print(`${shownName(object.type, object.key.name)} scaled`);
  });
}

async function scaleOne(
  session: Session,
  { type, key }: NamedObject,
  replicas: number,
  expected: number | undefined,
): Promise<void> {
  const { client, signal } = session;
  if (type.subresources['scale'] === undefined)
    throw new CliError(`cannot scale ${type.plural}: it has no scale subresource`);
  for (let tries = 1; ; tries += 1) {
    const current = await client.readSubresource<Scale>(type, key, 'scale', { signal });
    const now = current.spec?.replicas ?? 0;
    if (expected !== undefined && now !== expected)
      throw new CliError(`Expected replicas to be ${expected}, was ${now}`);
    try {
      await client.updateSubresource(
        type,
        key,
        'scale',
        { ...current, spec: { ...current.spec, replicas } },
        { signal },
      );
      return;
    } catch (error) {
      // The controller writes status all the time; a few tries beat it.
      if (!isConflict(error) || tries >= 5) throw error;
    }
  }
}
