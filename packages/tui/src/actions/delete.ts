import { pods } from '@geobuk/api';
import { isNotFound } from '@geobuk/api';
import type { DeleteOptions } from '@geobuk/client';
import type { TablePage } from '../pages/table-page.js';
import type { Row } from '../table/row.js';
import { rowName } from '../pages/table-page.js';
import { journalled } from './journalled.js';

const few = 8;

/** The objects an act is about, by name; and what it also hits that cannot be seen now. */
export function namesOf(page: TablePage, rows: readonly Row[]): readonly string[] {
  const shown = new Set(page.model.settle(page.services.clock.now()).map(({ id }) => id));
  const hidden = rows.filter(({ id }) => !shown.has(id)).length;
  return [
    ...rows.slice(0, few).map((row) => `${page.type.singular} ${rowName(row)}`),
    ...(rows.length > few ? [`… and ${rows.length - few} more`] : []),
    ...(hidden > 0 ? [`${hidden} of them are hidden by the filter`] : []),
  ];
}

/** Objects whose end takes everything in them along ask for their name. */
const wantsName = new Set(['namespaces', 'nodes', 'customresourcedefinitions', 'persistentvolumes']);

/** `^d`: with a form for how, and a question; each failure is told, and the sum of them. */
export async function deleteRows(page: TablePage): Promise<void> {
  // Whose deletion is asked for is decided now: what moves under the dialog is not hit.
  const rows = page.chosen;
  if (rows.length === 0) return;
  const { services } = page;
  const answer = await services.dialogs.form(
    `Delete ${rows.length === 1 ? `${page.type.singular} ${rowName(rows[0]!)}` : `${rows.length} ${page.type.plural}`}?`,
    [
      {
        name: 'propagation',
        label: 'Propagation',
        value: 'Background',
        choices: ['Background', 'Foreground', 'Orphan'],
      },
      { name: 'force', label: 'Force (no grace)', value: 'no', choices: ['no', 'yes'] },
    ],
    'Delete',
  );
  if (answer === undefined) return;
  const typed = wantsName.has(page.type.plural) ? rows[0]!.key.name : undefined;
  const lines = namesOf(page, rows);
  const sure = rows.length > 1 || typed !== undefined || answer['force'] === 'yes';
  if (sure && !(await services.dialogs.confirm({ title: 'Really delete?', lines, confirm: 'Delete', typed }))) return;
  const propagationPolicy = answer['propagation'] as DeleteOptions['propagationPolicy'];
  await removeAll(page, rows, { propagationPolicy, ...(answer['force'] === 'yes' ? { gracePeriodSeconds: 0 } : {}) });
}

/** `^k`: a pod at once. Asks first, whatever the habit was. Differs: k9s kills without a question. */
export async function killRows(page: TablePage): Promise<void> {
  const rows = page.chosen;
  if (rows.length === 0) return;
  const lines = [...namesOf(page, rows), '', 'They get one second to end.'];
  if (!(await page.services.dialogs.confirm({ title: 'Kill?', lines, confirm: 'Kill' }))) return;
  await removeAll(page, rows, { gracePeriodSeconds: 1 });
}

/** Deletes rows one after the other, by UID; each failure is told, and the sum of them. */
export async function removeAll(
  page: TablePage,
  rows: readonly Row[],
  how: Omit<DeleteOptions, 'signal' | 'uid'>,
): Promise<void> {
  const { services } = page;
  const failures: string[] = [];
  await services.act(async (signal) => {
    for (const row of rows) {
      const cluster = page.clusterOf(row);
      const connection = await cluster.connection(signal);
      const what = `delete ${page.type.singular} ${rowName(row)}`;
      const remove = async (): Promise<undefined> => {
        await connection.delete(page.type, row.key, { ...how, uid: row.object.metadata.uid, signal });
        return undefined;
      };
      await journalled({ services, cluster, type: page.type, key: row.key, what }, remove, signal).catch(
        (error: unknown) => {
          if (isNotFound(error)) return;
          failures.push(`${rowName(row)}: ${error instanceof Error ? error.message : String(error)}`);
        },
      );
    }
    page.model.clearMarks();
    const done = rows.length - failures.length;
    const kind = done === 1 ? page.type.singular : page.type.plural;
    if (failures.length === 0)
      services.flash('info', `${done} ${kind} ${page.type.plural === pods.plural ? 'ending' : 'deleted'}`);
    else await services.dialogs.message(`${failures.length} of ${rows.length} could not be deleted`, failures);
  });
}
