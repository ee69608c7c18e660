import type { TablePage } from '../pages/table-page.js';

/** `u` on a namespace: new lists are of it; the page stays. */
export function useNamespace(page: TablePage): void {
  const row = page.current;
  if (row === undefined) return;
  page.services.useNamespaces({ kind: 'one', name: row.key.name });
  page.services.flash('info', `namespace ${row.key.name}`);
}
