import type { PlugPoint } from './page.js';
import type { TablePage } from './table-page.js';
import { formatAge } from '../table/age.js';

/** What a plugin may know of the row under the cursor. Follows: k9s' variables. */
export function plugPointOf(page: TablePage): PlugPoint | undefined {
  const { current, type, model, services } = page;
  if (current === undefined) return undefined;
  const { group, version, plural, singular, shortNames, kind } = type;
  const columns = model.columns.map(({ title, kind: columnKind }, index) => {
    const at = current.values[index];
    const age = at === undefined ? '' : formatAge(services.clock.now() - at);
    return [`COL-${title}`, columnKind === 'time' ? age : (current.cells[index] ?? '')] as const;
  });
  return {
    names: [
      plural,
      singular,
      kind,
      ...shortNames,
      ...(group === '' ? [`${version}/${plural}`] : [`${plural}.${group}`, `${group}/${version}/${plural}`]),
    ].map((name) => name.toLowerCase()),
    variables: {
      RESOURCE_GROUP: group,
      RESOURCE_VERSION: version,
      RESOURCE_NAME: plural,
      NAMESPACE: current.key.namespace ?? '',
      NAME: current.key.name,
      FILTER: page.filter.text,
      ...(plural === 'pods' ? { POD: current.key.name } : {}),
      ...Object.fromEntries(columns),
    },
  };
}
