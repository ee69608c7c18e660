import { useMemo, useState } from 'preact/hooks';
import type { Kind } from '../api/kinds.js';
import { useShared } from '../state/context.js';
import { DataTable } from '../table/data-table.js';
import { filterRows } from '../table/sort-rows.js';
import { useTable } from '../table/use-table.js';
import { Notice } from './notice.js';

/** All objects of a kind. */
export function ListView({ kind }: { readonly kind: Kind }) {
  const { t, namespaces } = useShared();
  const [filter, setFilter] = useState('');
  const { columns, rows, loaded, error } = useTable(kind, namespaces);
  const found = useMemo(() => filterRows(rows, filter), [rows, filter]);
  return (
    <section class="page list">
      <header>
        <h1>{kind.kind}</h1>
        <span class="hint">{kind.group === '' ? kind.version : `${kind.group}/${kind.version}`}</span>
        <span class="spacer" />
        <input
          type="search"
          data-search
          aria-label={t('filter')}
          placeholder={t('filter')}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <span class="hint" role="status" aria-live="polite">
          {t('rows', { shown: found.length, all: rows.length })}
        </span>
      </header>
      <Notice error={error} />
      {loaded || error !== undefined ? (
        <DataTable
          kind={kind}
          columns={columns}
          rows={found}
          showNamespace={kind.namespaced && namespaces.length !== 1}
        />
      ) : (
        <p class="hint">{t('loading')}</p>
      )}
      {loaded && found.length === 0 && <p class="empty">{t('nothing')}</p>}
    </section>
  );
}
