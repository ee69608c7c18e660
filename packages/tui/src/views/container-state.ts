import type { ContainerStatus } from '@geobuk/api';
import type { Health } from '../screen/paint.js';

/** What a container is at, in kubectl's word. */
export function containerState(status: ContainerStatus | undefined): {
  readonly word: string;
  readonly health: Health;
} {
  const { running, terminated, waiting } = status?.state ?? {};
  if (running !== undefined) return { word: 'Running', health: status?.ready === true ? 'ok' : 'pending' };
  if (terminated !== undefined) {
    const word = terminated.reason ?? `ExitCode:${terminated.exitCode}`;
    return { word, health: terminated.exitCode === 0 ? 'done' : 'error' };
  }
  const word = waiting?.reason ?? 'Waiting';
  return { word, health: /^(ContainerCreating|PodInitializing|Waiting)$/.test(word) ? 'pending' : 'error' };
}
