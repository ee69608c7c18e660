import type { ObjectKey, ResourceType } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import type { Session } from './session.js';

/** What the arguments of a verb name: whole resources, or objects one by one. */
export type Targets =
  | { readonly kind: 'all'; readonly types: readonly ResourceType[] }
  | { readonly kind: 'named'; readonly objects: readonly NamedObject[]; readonly single: boolean };

export interface NamedObject {
  readonly type: ResourceType;
  readonly key: ObjectKey;
}

/**
 * Reads `TYPE`, `TYPE,TYPE`, `TYPE NAME…`, `TYPE/NAME…`.
 * @throws {CliError} usage: nothing, or a mixture.
 */
export async function parseTargets(session: Session, args: readonly string[]): Promise<Targets> {
  const [first, ...rest] = args;
  if (first === undefined) {
    throw new CliError(
      'You must specify the type of resource: TYPE, TYPE NAME or TYPE/NAME; see api-resources for types',
      2,
    );
  }
  if (args.some((arg) => arg.includes('/'))) {
    if (!args.every((arg) => arg.includes('/'))) {
      throw new CliError(
        'there is no need to specify a resource type as a separate argument when passing arguments in resource/name form',
        2,
      );
    }
    const objects: NamedObject[] = [];
    for (const arg of args) {
      const [word = '', name = '', ...more] = arg.split('/');
      if (word === '' || name === '' || more.length > 0) {
        throw new CliError(`arguments in resource/name form may not have more than one slash: ${arg}`, 2);
      }
      const type = await session.resourceNamed(word);
      objects.push({ type, key: { namespace: session.namespaceFor(type), name } });
    }
    return { kind: 'named', objects, single: objects.length === 1 };
  }
  const types = (
    await Promise.all(
      first
        .split(',')
        .filter((word) => word !== '')
        .map((word) => session.resourcesNamed(word)),
    )
  ).flat();
  if (rest.length === 0) return { kind: 'all', types };
  const objects = types.flatMap((type) =>
    rest.map((name) => ({ type, key: { namespace: session.namespaceFor(type), name } })),
  );
  return { kind: 'named', objects, single: objects.length === 1 };
}

/** The one object that `TYPE NAME` or `TYPE/NAME` means; a bare name is of the given type. */
export async function parseOne(session: Session, args: readonly string[], bare?: string): Promise<NamedObject> {
  const [first] = args;
  if (bare !== undefined && args.length === 1 && first !== undefined && !first.includes('/')) {
    const type = await session.resourceNamed(bare);
    return { type, key: { namespace: session.namespaceFor(type), name: first } };
  }
  const targets = await parseTargets(session, args);
  const [object] = targets.kind === 'named' ? targets.objects : [];
  if (targets.kind === 'all' || object === undefined || !targets.single) {
    throw new CliError('name exactly one object: TYPE NAME or TYPE/NAME', 2);
  }
  return object;
}
