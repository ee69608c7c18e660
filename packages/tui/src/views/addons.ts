import type { Addon } from '@geobuk/api';
import { addonPhase, addons } from '@geobuk/api';
import type { Health } from '../screen/paint.js';
import { tableView } from './view.js';

/** What an addon is at, in one word: the phase, or what the switch says while nobody has answered yet. */
export const addonState = (addon: Addon): string => addonPhase(addon);

export function addonHealth(addon: Addon): Health {
  switch (addonState(addon)) {
    case 'Ready':
      return 'ok';
    case 'Disabled':
      return 'done';
    case 'Disabling':
      return 'killing';
    case 'Failed':
    case 'Degraded':
      return 'error';
    default:
      return 'pending';
  }
}

/** The reason of the first condition that does not hold. */
export function addonProblem(addon: Addon): string {
  const state = addonState(addon);
  if (state === 'Ready' || state === 'Disabled') return '';
  const failing = addon.status?.conditions?.find(({ status }) => status === 'False');
  return addon.status?.lastError?.reason ?? failing?.reason ?? state;
}

const readyResources = ({ status }: Addon): string => {
  const resources = status?.resources ?? [];
  const unready = resources.filter(({ ready }) => ready === false).length;
  return `${resources.length - unready}/${resources.length}`;
};

/** `:addons`. ON is the wish, STATE the world. */
export const addonsView = tableView<Addon>({
  resource: addons,
  columns: [
    { title: 'ON', cell: ({ spec }) => (spec.enabled ? 'on' : 'off') },
    {
      title: 'STATE',
      drop: 1,
      cell: addonState,
      paint: (addon) => (addonHealth(addon) === 'error' ? 'error' : undefined),
    },
    { title: 'VERSION', drop: 2, cell: ({ status }) => status?.installedVersion ?? status?.availableVersion ?? '' },
    { title: 'OBJECTS', drop: 3, align: 'right', cell: readyResources },
    { title: 'PROVIDES', drop: 5, cell: ({ status }) => (status?.provides ?? []).join(',') },
    { title: 'REQUIRES', drop: 6, cell: ({ status }) => (status?.requires ?? []).join(',') },
    { title: 'REASON', drop: 4, cell: addonProblem },
    { title: 'DESCRIPTION', drop: 10, cell: ({ status }) => status?.description ?? '' },
  ],
  health: addonHealth,
  problem: addonProblem,
  opens: 'addon',
});
