import { isForbidden, isNotFound } from '@geobuk/api';
import type { LoopPass, LoopState } from '@geobuk/client';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { getJson } from '../cluster/connection.js';
import { formatAge } from '../table/age.js';
import type { StyledLine } from '../text/styled-text.js';
import { plainLine } from '../text/styled-text.js';
import { ListPage } from './list-page.js';
import { TextPage } from './text-page.js';

/** The control plane tells how its loops turn when asked; there is nothing to watch. Asked only while the page is open. */
const askEveryMs = 1_000;
const path = '/debug/geobuk/loops';

/** `:loops`: for each controller what it looked at last, which difference it found, and what it did about it. */
export class LoopsPage extends ListPage<LoopState> {
  constructor(cluster: Cluster, services: Services) {
    let loops: readonly LoopState[] = [];
    let problem = 'asking the control plane…';
    super(
      {
        crumb: 'loops',
        title: () => 'loops: check → diff → act ',
        cluster,
        columns: [
          { title: 'LOOP', least: 30, drop: 0 },
          { title: 'QUEUE', kind: 'number', align: 'right' },
          { title: 'BUSY', kind: 'number', align: 'right' },
          { title: 'PASSES', kind: 'number', align: 'right', drop: 6 },
          { title: 'RETRIES', kind: 'number', align: 'right', drop: 5 },
          { title: 'LAST', kind: 'time' },
          { title: 'CHECKED', drop: 4 },
          { title: 'FOUND', drop: 3 },
          { title: 'DID', drop: 3 },
        ],
        rows: () => loops.map(loopRow),
        empty: () => problem,
        actions: (loop) => ({
          open: () => {
            if (loop !== undefined) services.open(passesPage(loop.name, cluster, services, () => loops));
          },
        }),
        run: async (signal) => {
          const connection = await cluster.connection(signal);
          while (!signal.aborted) {
            try {
              loops = await getJson<readonly LoopState[]>(connection, path, signal);
              problem = 'no loop has turned yet';
            } catch (error) {
              if (signal.aborted) return;
              loops = [];
              problem =
                isNotFound(error) || isForbidden(error)
                  ? 'this control plane does not show its loops: they are a view of Geobuk clusters'
                  : `no answer: ${error instanceof Error ? error.message : String(error)}`;
            }
            services.invalidate();
            await services.clock.after(askEveryMs, { signal }).catch(() => undefined);
          }
        },
      },
      services,
    );
  }
}

function loopRow(loop: LoopState) {
  const last = loop.passes[0];
  // The latest pass that did something tells more than the latest that found nothing to do.
  const telling =
    loop.passes.find(({ found, did, error }) => found.length > 0 || did.length > 0 || error !== undefined) ?? last;
  const failed = last?.error !== undefined;
  return {
    id: loop.name,
    cells: [
      loop.name,
      String(loop.queueLength),
      String(loop.inFlight),
      String(loop.total ?? loop.passes.length),
      String(loop.retries),
      '',
      telling?.key ?? '',
      telling?.error ?? telling?.found.join('; ') ?? '',
      telling?.did.join('; ') ?? '',
    ],
    values: [
      undefined,
      loop.queueLength,
      loop.inFlight,
      loop.total,
      loop.retries,
      last?.startedAt,
      undefined,
      undefined,
      undefined,
    ],
    health: failed ? ('error' as const) : loop.inFlight > 0 ? ('pending' as const) : ('ok' as const),
    problem: failed ? (last.error ?? '') : '',
    item: loop,
  };
}

function passesPage(name: string, cluster: Cluster, services: Services, loops: () => readonly LoopState[]): TextPage {
  const load = async (): Promise<readonly StyledLine[]> => {
    const loop = loops().find((one) => one.name === name);
    if (loop === undefined) return [plainLine('this loop is gone', 'alert')];
    return passLines(loop.passes, services.clock.now());
  };
  return new TextPage({ crumb: 'passes', title: `passes of ${name}`, cluster, load }, services);
}

/** Pure: passes, the newest first, as sentences. */
export function passLines(passes: readonly LoopPass[], now: number): readonly StyledLine[] {
  if (passes.length === 0) return [plainLine('no pass yet', 'dim')];
  return passes.flatMap(({ key, startedAt, durationMs, found, did, error }): readonly StyledLine[] => [
    [
      { text: `${formatAge(now - startedAt).padStart(6)} ago  `, paint: 'dim' },
      { text: key, paint: 'value' },
      { text: `  ${durationMs} ms`, paint: 'dim' },
    ],
    ...found.map((text) => plainLine(`            found  ${text}`, 'label')),
    ...did.map((text) => plainLine(`            did    ${text}`, 'diffAdd')),
    ...(error === undefined ? [] : [plainLine(`            ✖      ${error}`, 'alert')]),
    ...(found.length === 0 && did.length === 0 && error === undefined
      ? [plainLine('            as it should be: nothing to do', 'dim')]
      : []),
  ]);
}
