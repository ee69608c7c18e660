import type { TablePage } from '../pages/table-page.js';

/** `u` on a namespace: new lists are of it; the page stays. */
export function useNamespace(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  page.services.useNamespaces(page.onNothing ? { kind: 'all' } : { kind: 'one', name: row.key.name });
  page.services.flash('info', page.onNothing ? 'all namespaces' : `namespace ${row.key.name}`);
}
