import type { Command } from 'commander';
import { apiVersionOf } from '@geobuk/api';
import type { KubectlIo } from './io.js';
import { textColumns } from './printing/text-columns.js';
import { preferredOnly } from './session.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, text } from './verb.js';

/** Follows: kubectl api-resources, api-versions. */
export function addApiResources(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'api-resources', 'what the server serves', io, apiResources)
    .option('--api-group <group>', 'of this group')
    .option('--namespaced [bool]', 'with or without a namespace')
    .option('--verbs <verbs>', 'with these verbs')
    .option('--categories <categories>', 'of these categories')
    .option('-o, --output <format>', 'wide|name')
    .option('--sort-by <what>', 'name or kind')
    .option('--no-headers', 'no titles');
  addVerb(parent, 'api-versions', 'groups and versions the server serves', io, apiVersions);
}

async function apiResources(session: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const { resources, unavailable } = await session.discovery();
  const words = (name: string): readonly string[] => (text(flags, name) ?? '').split(',').filter((word) => word !== '');
  const namespaced = flags['namespaced'] === undefined ? undefined : flags['namespaced'] !== 'false';
  const rows = preferredOnly(resources)
    .filter(({ verbs }) => verbs.length > 0)
    .filter((type) => namespaced === undefined || type.namespaced === namespaced)
    .filter(({ group }) => text(flags, 'apiGroup') === undefined || group === text(flags, 'apiGroup'))
    .filter(({ verbs }) => words('verbs').every((verb) => (verbs as readonly string[]).includes(verb)))
    .filter(({ categories }) => words('categories').every((category) => categories.includes(category)));
  const order = text(flags, 'sortBy');
  const sortKey = (type: (typeof rows)[number]): string =>
    order === 'kind' ? type.kind : order === 'name' ? type.plural : `${type.group}/${type.plural}`;
  const sorted = [...rows].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  if (text(flags, 'output') === 'name') {
    for (const { group, plural } of sorted) session.print(group === '' ? plural : `${plural}.${group}`);
  } else {
    const wide = text(flags, 'output') === 'wide';
    const cells = sorted.map((type) => [
      type.plural,
      type.shortNames.join(','),
      apiVersionOf(type),
      String(type.namespaced),
      type.kind,
      ...(wide ? [type.verbs.join(','), type.categories.join(',')] : []),
    ]);
    const titles = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(wide ? ['VERBS', 'CATEGORIES'] : [])];
    session.print(textColumns(flags['headers'] === false ? cells : [titles, ...cells]));
  }
  for (const each of unavailable)
    session.complain(`error: unable to retrieve the complete list of server APIs: ${each}`);
}

async function apiVersions(session: Session): Promise<void> {
  const { resources } = await session.discovery();
  for (const version of [...new Set(resources.map(apiVersionOf))].sort()) session.print(version);
}
