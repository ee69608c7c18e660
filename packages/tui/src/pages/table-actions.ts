import type { Actions } from '../actions/key-map.js';
import type { Row } from '../table/row.js';
import { formatAge } from '../table/age.js';
import type { TablePage } from './table-page.js';

/** What every table can do, whatever it shows. */
export function tableActions(page: TablePage): Actions {
  const { model, services } = page;
  const changed =
    (act: () => void): (() => void) =>
    () => {
      act();
      services.invalidate();
    };
  const onRow = (act: (row: Row) => void): (() => void) =>
    changed(() => {
      const row = page.current;
      if (row !== undefined) act(row);
    });
  return {
    up: changed(() => model.move(-1)),
    down: changed(() => model.move(1)),
    pageUp: changed(() => model.move(-model.pageHeight)),
    pageDown: changed(() => model.move(model.pageHeight)),
    top: changed(() => model.moveTo(0)),
    bottom: changed(() => model.moveTo(Number.MAX_SAFE_INTEGER)),
    scrollLeft: changed(() => (page.skip = Math.max(0, page.skip - 1))),
    scrollRight: changed(() => (page.skip = Math.min(Math.max(0, model.columns.length - 3), page.skip + 1))),
    mark: onRow((row) => {
      model.toggleMark(row.id);
      model.move(1);
    }),
    markRange: changed(() => model.markRange()),
    clearMarks: changed(() => model.clearMarks()),
    faults: changed(() => model.setFaultsOnly(!model.faultsOnly)),
    wide: changed(() => (page.wide = !page.wide)),
    sortByName: () => page.sortBy('NAME'),
    sortByAge: () => page.sortBy('AGE'),
    sortByStatus: () => page.sortBy(model.columns.some(({ title }) => title === 'STATUS') ? 'STATUS' : 'READY'),
    sortByNamespace: () => page.sortBy('NAMESPACE'),
    columnLeft: changed(() => chooseColumn(page, -1)),
    columnRight: changed(() => chooseColumn(page, 1)),
    sortByColumn: () => page.sortByIndex(page.selectedColumn ?? model.sort.column),
    refresh: () => page.restart(),
    // On nodes the key is for cordon, as in k9s.
    ...(page.view?.capabilities?.cordonable === true
      ? {}
      : { copy: () => copyLines(page, ({ key }) => key.name, 'name') }),
    copyCell: () => copyCell(page),
    copyRow: () => copyLines(page, (row) => lineOf(page, row), 'line'),
    ...(page.type.namespaced
      ? {
          copyNamespace: () => copyLines(page, ({ key }) => key.namespace ?? '', 'namespace'),
          warp: onRow(({ key }) => {
            if (key.namespace === undefined) return;
            services.useNamespaces({ kind: 'one', name: key.namespace });
            page.restart({ kind: 'one', name: key.namespace });
          }),
        }
      : {}),
    saveTable: () =>
      services.act(async () => {
        const path = await services.outside.saveText(`${page.type.plural}.csv`, asCsv(page));
        services.flash('info', `saved ${path}`);
      }),
  };
}

function chooseColumn(page: TablePage, step: number): void {
  const { columns, sort } = page.model;
  const visible = columns.flatMap(({ wide }, index) => (wide === true && !page.wide ? [] : [index]));
  const at = visible.indexOf(page.selectedColumn ?? sort.column);
  page.selectedColumn = visible[(at + step + visible.length) % visible.length];
}

/** The cell under the cursor: of the column that was chosen, else of the one that sorts. */
function copyCell(page: TablePage): void {
  const { services, current, model, selectedColumn } = page;
  const column = selectedColumn ?? model.sort.column;
  const text = current === undefined ? '' : (cellsOf(page, current)[column] ?? '');
  if (text === '') return;
  services.terminal.copy(text);
  services.flash('info', `${model.columns[column]?.title ?? 'cell'} copied: ${text}`);
}

function copyLines(page: TablePage, textOf: (row: Row) => string, what: string): void {
  const { services, chosen } = page;
  if (chosen.length === 0) return;
  services.terminal.copy(chosen.map(textOf).join('\n'));
  services.flash(
    'info',
    chosen.length === 1 ? `${what} copied: ${textOf(chosen[0]!)}` : `${chosen.length} ${what}s copied`,
  );
}

function cellsOf(page: TablePage, row: Row): readonly string[] {
  const now = page.services.clock.now();
  return page.model.columns.map(({ kind }, index) => {
    const at = row.values[index];
    return kind === 'time' ? (at === undefined ? '' : formatAge(now - at)) : (row.cells[index] ?? '');
  });
}

const lineOf = (page: TablePage, row: Row): string =>
  cellsOf(page, row)
    .filter((cell) => cell !== '')
    .join('  ');

/** The table as it stands, all columns. Follows: RFC 4180. */
function asCsv(page: TablePage): string {
  const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const rows = page.model.settle(page.services.clock.now()).map((row) => cellsOf(page, row));
  return [page.model.columns.map(({ title }) => title), ...rows]
    .map((cells) => cells.map(quoted).join(','))
    .join('\r\n');
}
