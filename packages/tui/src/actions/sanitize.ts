import type { Pod } from '@geobuk/api';
import type { TablePage } from '../pages/table-page.js';
import { podStatus } from '../views/pod-status.js';
import { namesOf, removeAll } from './delete.js';

/** Words of the STATUS column of pods that will not come to anything, or have. */
const leftovers = new Set([
  'Completed',
  'CrashLoopBackOff',
  'Error',
  'ImagePullBackOff',
  'ErrImagePull',
  'OOMKilled',
  'Evicted',
  'ContainerStatusUnknown',
]);

/** What is typed before anything goes. Follows: k9s. */
const wanted = 'Yes Please!';

/**
 * `z` on pods: deletes those listed that ended or cannot run. Differs: k9s deletes Pending pods too, which are only
 * waiting for their turn.
 */
export async function sanitizePods(page: TablePage): Promise<void> {
  const { services, model } = page;
  const rows = model.settle(services.clock.now()).filter(({ object }) => leftovers.has(podStatus(object as Pod)));
  if (rows.length === 0) {
    services.flash('info', 'every pod here runs or waits for its turn');
    return;
  }
  const lines = namesOf(page, rows);
  const title = `Delete ${rows.length} pods that ended or cannot run?`;
  if (!(await services.dialogs.confirm({ title, lines, confirm: 'Delete', typed: wanted }))) return;
  await removeAll(page, rows, {});
}
