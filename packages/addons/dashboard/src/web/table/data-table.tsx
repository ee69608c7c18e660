import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Kind } from '../api/kinds.js';
import { useShared } from '../state/context.js';
import { objectRoute } from '../state/route.js';
import { useNow } from '../state/use-now.js';
import { Badge } from '../views/health.js';
import { ageOf } from './age.js';
import type { Sorting } from './sort-rows.js';
import { sortRows } from './sort-rows.js';
import type { TableColumn, TableRow } from './table-rows.js';

const rowHeight = 36;
const overscan = 12;
/** Columns whose words have a colour. */
const coloured = new Set(['Status', 'Phase', 'Ready status', 'Type']);

export interface DataTableProps {
  readonly kind: Kind;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  readonly showNamespace: boolean;
}

/** Rows of any kind, as the server prints them. Only those in sight are drawn, so that ten thousand are no more than forty. */
export function DataTable({ kind, columns, rows, showNamespace }: DataTableProps) {
  const { t } = useShared();
  const now = useNow();
  const [sorting, setSorting] = useState<Sorting>({ column: 'Name', descending: false });
  const [cursor, setCursor] = useState(0);
  const [view, setView] = useState({ top: 0, height: 800 });
  const box = useRef<HTMLDivElement>(null);
  const shown = columns.filter(({ priority }) => priority === 0);
  const sorted = useMemo(() => sortRows(rows, columns, sorting), [rows, columns, sorting]);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => (observer.disconnect(), element.removeEventListener('scroll', measure));
  }, []);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const top = cursor * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + rowHeight * 2 > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight * 2 - element.clientHeight;
  }, [cursor]);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(sorted.length, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  const sortBy = (column: string): void =>
    setSorting(sorting.column === column ? { column, descending: !sorting.descending } : { column, descending: false });
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
    const row = sorted[cursor];
    if (event.key === 'Home') setCursor(0);
    else if (event.key === 'End') setCursor(Math.max(0, sorted.length - 1));
    else if (move !== undefined) setCursor(Math.max(0, Math.min(sorted.length - 1, cursor + move)));
    else if (event.key === 'Enter' && row !== undefined) location.hash = objectRoute(kind, row.namespace, row.name);
    else return;
    event.preventDefault();
  };
  const header = (name: string, label: string, description?: string) => (
    <th
      scope="col"
      title={description}
      aria-sort={sorting.column !== name ? 'none' : sorting.descending ? 'descending' : 'ascending'}
    >
      <button type="button" onClick={() => sortBy(name)}>
        {label}
        <span aria-hidden="true">{sorting.column === name ? (sorting.descending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
  return (
    <div class="table-box" ref={box} tabIndex={0} role="region" aria-label={kind.kind} data-list onKeyDown={onKeyDown}>
      <table aria-rowcount={sorted.length + 1}>
        <thead>
          <tr>
            {shown.slice(0, 1).map(({ name, description }) => header(name, name, description))}
            {showNamespace && header('Namespace', t('namespace'))}
            {shown.slice(1).map(({ name, description }) => header(name, name === 'Age' ? t('age') : name, description))}
          </tr>
        </thead>
        <tbody>
          <tr aria-hidden="true" style={{ height: `${first * rowHeight}px` }} />
          {sorted.slice(first, last).map((row, offset) => (
            <Row
              key={row.uid}
              kind={kind}
              row={row}
              columns={columns}
              now={now}
              showNamespace={showNamespace}
              index={first + offset}
              isCurrent={first + offset === cursor}
            />
          ))}
          <tr aria-hidden="true" style={{ height: `${(sorted.length - last) * rowHeight}px` }} />
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly kind: Kind;
  readonly row: TableRow;
  readonly columns: readonly TableColumn[];
  readonly now: number;
  readonly showNamespace: boolean;
  readonly index: number;
  readonly isCurrent: boolean;
}

function Row({ kind, row, columns, now, showNamespace, index, isCurrent }: RowProps) {
  const href = objectRoute(kind, row.namespace, row.name);
  const cells = columns.flatMap((column, at) => {
    if (column.priority !== 0) return [];
    const value = row.cells[at];
    const text = column.name === 'Age' && row.createdAt > 0 ? ageOf(row.createdAt, now) : String(value ?? '');
    return [
      <td key={column.name} class={column.type === 'integer' || column.type === 'number' ? 'number' : ''} title={text}>
        {at === 0 ? <a href={href}>{text}</a> : coloured.has(column.name) && text !== '' ? <Badge word={text} /> : text}
      </td>,
    ];
  });
  return (
    <tr aria-rowindex={index + 2} class={isCurrent ? 'current' : ''} onClick={() => (location.hash = href)}>
      {cells.slice(0, 1)}
      {showNamespace && <td>{row.namespace}</td>}
      {cells.slice(1)}
    </tr>
  );
}
