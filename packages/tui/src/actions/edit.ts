import type { KubernetesObject, Secret } from '@geobuk/api';
import { ApiError } from '@geobuk/api';
import { parse } from 'yaml';
import type { TablePage } from '../pages/table-page.js';
import { rowName } from '../pages/table-page.js';
import { DiffPage } from '../pages/diff-page.js';
import { toYaml } from '../text/yaml-text.js';
import { journalled } from './journalled.js';
import { readRow } from './look.js';
import { secretFromEdit, secretToEdit } from './secret-text.js';

/** Fields nobody edits by hand. */
function editable(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Puts what went wrong above the text, so that the work is not lost. Follows: kubectl edit. */
const withProblem = (text: string, problem: string): string =>
  `${problem
    .split('\n')
    .map((line) => `# ${line}`)
    .join('\n')}\n${text.replace(/^(#.*\n)+/, '')}`;

/**
 * `e`: the object in the person's editor, then a dry run by the server, then the difference to look at, then the
 * write. What the server refuses comes back into the editor as it was typed.
 */
export async function editRow(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const { services, type } = page;
  const cluster = page.clusterOf(row);
  await services.act(async (signal) => {
    const isSecret = type.plural === 'secrets' && type.group === '';
    const read = editable(await readRow(page, row, signal));
    const before = isSecret ? secretToEdit(read as Secret) : read;
    const start = toYaml(before);
    let text = start;
    for (;;) {
      text = await services.outside.editText(text, `${type.singular}-${row.key.name}.yaml`);
      if (text.replace(/^(#.*\n)+/, '') === start) {
        services.flash('info', 'nothing changed');
        return;
      }
      const connection = await cluster.connection(signal);
      try {
        const parsed = parse(text, { version: '1.1' }) as KubernetesObject;
        const wanted = isSecret ? secretFromEdit(parsed as Secret) : parsed;
        const dry = editable(await connection.update(type, wanted, { dryRun: true, signal }));
        const after = isSecret ? secretToEdit(dry as Secret) : dry;
        const yes = await DiffPage.ask(
          { cluster, title: `${type.singular} ${rowName(row)}`, before: start, after: toYaml(after) },
          services,
        );
        if (!yes) {
          services.flash('info', 'not applied');
          return;
        }
        const what = `edit ${type.singular} ${rowName(row)}`;
        await journalled(
          { services, cluster, type, key: row.key, what },
          () => connection.update(type, wanted, { signal }),
          signal,
        );
        services.flash('info', `${rowName(row)} applied`);
        return;
      } catch (error) {
        if (!(error instanceof ApiError) && !(error instanceof Error && error.name.startsWith('YAML'))) throw error;
        text = withProblem(text, error.message);
        const lines = [error.message, '', 'Your text is kept. Go on editing?'];
        if (!(await services.dialogs.confirm({ title: 'Refused', lines, confirm: 'Edit again' }))) return;
      }
    }
  });
}
