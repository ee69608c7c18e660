import type { Pod } from '../generated/types.js';
import { addAmounts, maxAmounts } from './amounts.js';
import type { Amounts } from './amounts.js';

/**
 * What a pod asks for at most at one time: containers and sidecars together, or the largest step of its start.
 * Follows: resource helpers PodRequests and PodLimits.
 */
export function podAmounts({ spec }: Pod, of: 'requests' | 'limits'): Amounts {
  let running: Amounts = {};
  for (const { resources } of spec.containers) running = addAmounts(running, resources?.[of] ?? {});
  let sidecars: Amounts = {};
  let starting: Amounts = {};
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    const own = resources?.[of] ?? {};
    if (restartPolicy === 'Always') {
      running = addAmounts(running, own);
      sidecars = addAmounts(sidecars, own);
      starting = maxAmounts(starting, sidecars);
    } else starting = maxAmounts(starting, addAmounts(own, sidecars));
  }
  const most = maxAmounts(running, starting);
  if (spec.overhead === undefined) return most;
  if (of === 'requests') return addAmounts(most, spec.overhead);
  // Overhead widens a limit, it does not make one.
  const limited = Object.fromEntries(Object.entries(spec.overhead).filter(([name]) => most[name] !== undefined));
  return addAmounts(most, limited);
}
