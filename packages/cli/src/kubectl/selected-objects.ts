import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { keyOf } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import { manifestsOf } from './apply.js';
import type { NamedObject } from './resource-args.js';
import { parseTargets } from './resource-args.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { isSet, text, texts } from './verb.js';

/** The objects a verb is about: by name, by file, by selector, or all. @throws {CliError} usage: nothing named. */
export async function selectedObjects(
  session: Session,
  args: readonly string[],
  flags: Flags,
): Promise<readonly NamedObject[]> {
  if (texts(flags, 'filename').length > 0) {
    return (await manifestsOf(session, flags)).map(({ type, object }) => ({ type, key: keyOf(object) }));
  }
  const targets = await parseTargets(session, args);
  if (targets.kind === 'named') return targets.objects;
  const labelSelector = text(flags, 'selector');
  const fieldSelector = text(flags, 'fieldSelector');
  if (labelSelector === undefined && fieldSelector === undefined && !isSet(flags, 'all')) {
    throw new CliError('resource(s) were provided, but no name was specified; use a name, -l or --all', 2);
  }
  const found: NamedObject[] = [];
  for (const type of targets.types) {
    for (const object of await listAll(session, type, flags)) found.push({ type, key: keyOf(object) });
  }
  return found;
}

export async function listAll<T extends KubernetesObject>(
  session: Session,
  type: ResourceType<T>,
  flags: Flags,
): Promise<readonly T[]> {
  const namespace = isSet(flags, 'allNamespaces') ? undefined : session.namespaceFor(type as ResourceType);
  const [labelSelector, fieldSelector] = [text(flags, 'selector'), text(flags, 'fieldSelector')];
  return (await session.client.list(type, { namespace, labelSelector, fieldSelector, signal: session.signal })).items;
}
