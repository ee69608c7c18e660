import type { CronJob, Job, Node } from '@geobuk/api';
import { cronJobs, jobs } from '@geobuk/api';
import type { Patch } from '@geobuk/client';
import type { TablePage } from '../pages/table-page.js';
import { rowName } from '../pages/table-page.js';
import type { Row } from '../table/row.js';
import { namesOf } from './delete.js';
import { journalled } from './journalled.js';

/** Patches every row; tells how it went. */
async function patchAll(
  page: TablePage,
  rows: readonly Row[],
  what: string,
  patchOf: (row: Row) => Patch,
): Promise<void> {
  const { services, type } = page;
  await services.act(async (signal) => {
    for (const row of rows) {
      const cluster = page.clusterOf(row);
      const connection = await cluster.connection(signal);
      const change = { services, cluster, type, key: row.key, what: `${what} ${type.singular} ${rowName(row)}` };
      await journalled(change, () => connection.patch(type, row.key, patchOf(row), { signal }), signal);
    }
    services.flash(
      'info',
      rows.length === 1 ? `${what}: ${rowName(rows[0]!)}` : `${what}: ${rows.length} ${type.plural}`,
    );
  });
}

const merge = (body: unknown): Patch => ({ type: 'merge', body });

interface Scale {
  readonly spec?: { readonly replicas?: number };
}

/** `s`: through the scale subresource, so that any kind that has one can be scaled. */
export async function scaleRows(page: TablePage): Promise<void> {
  const rows = page.chosen;
  const { services, type } = page;
  if (rows.length === 0) return;
  await services.act(async (signal) => {
    const first = rows[0]!;
    const connection = await page.clusterOf(first).connection(signal);
    const scale = await connection.readSubresource<Scale>(type, first.key, 'scale', { signal });
    const now = scale.spec?.replicas ?? 0;
    const title = rows.length === 1 ? `Scale ${rowName(first)} (now ${now})` : `Scale ${rows.length} ${type.plural}`;
    const answer = await services.dialogs.form(
      title,
      [{ name: 'replicas', label: 'Replicas', value: String(now) }],
      'Scale',
    );
    if (answer === undefined) return;
    const replicas = Number(answer['replicas']);
    if (!Number.isInteger(replicas) || replicas < 0) {
      services.flash('alert', `not a number of replicas: ${answer['replicas'] ?? ''}`);
      return;
    }
    await patchAll(page, rows, `scale to ${replicas}`, () => merge({ spec: { replicas } }));
  });
}

/** `r`: a new annotation on the pod template, as kubectl rollout restart writes it. */
export async function restartRows(page: TablePage): Promise<void> {
  const rows = page.chosen;
  if (rows.length === 0) return;
  if (!(await page.services.dialogs.confirm({ title: 'Restart?', lines: namesOf(page, rows), confirm: 'Restart' })))
    return;
  const restartedAt = new Date(page.services.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const annotations = { 'kubectl.kubernetes.io/restartedAt': restartedAt };
  await patchAll(page, rows, 'restart', () => merge({ spec: { template: { metadata: { annotations } } } }));
}

/** `s` on jobs and cron jobs. */
export async function suspendRows(page: TablePage): Promise<void> {
  const suspended = (row: Row): boolean => (row.object as Job | CronJob).spec.suspend === true;
  await patchAll(page, page.chosen, 'suspend or resume', (row) => merge({ spec: { suspend: !suspended(row) } }));
}

const longestStem = 42;

/** `t`: a job from the cron job's template, now. */
export async function triggerRow(page: TablePage): Promise<void> {
  const row = page.current;
  if (row === undefined) return;
  const { services } = page;
  const lines = [`cronjob ${rowName(row)} runs once, now`];
  if (!(await services.dialogs.confirm({ title: 'Trigger?', lines, confirm: 'Trigger' }))) return;
  await services.act(async (signal) => {
    const connection = await page.clusterOf(row).connection(signal);
    const cron = await connection.read(cronJobs, row.key, { signal });
    const { name = '', namespace, uid = '' } = cron.metadata;
    const template = cron.spec.jobTemplate;
    const job: Job = {
      metadata: {
        generateName: `${name.slice(0, longestStem)}-manual-`,
        namespace,
        labels: template.metadata?.labels,
        annotations: { ...template.metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: template.spec ?? { template: {} },
    };
    const made = await connection.create(jobs, job, { signal });
    services.flash('info', `job ${made.metadata.name ?? ''} made`);
  });
}

/** `c`, `u` on nodes. */
export async function cordonRows(page: TablePage, on: boolean): Promise<void> {
  const rows = page.chosen.filter(({ object }) => ((object as Node).spec.unschedulable === true) !== on);
  if (rows.length === 0) {
    page.services.flash('warn', on ? 'cordoned already' : 'not cordoned');
    return;
  }
  const word = on ? 'Cordon' : 'Uncordon';
  if (!(await page.services.dialogs.confirm({ title: `${word}?`, lines: namesOf(page, rows), confirm: word }))) return;
  await patchAll(page, rows, word.toLowerCase(), () => merge({ spec: { unschedulable: on ? true : null } }));
}
