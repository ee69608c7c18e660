import type { Container, LifecycleHandler } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import { httpCheck, portOf } from '../probes/http-check.js';
import type { ContainerRuntime } from '../runtime/runtime.js';

/** A hook did not do what it was to do; the message says why. */
export class HookError extends Error {
  override readonly name = 'HookError';
}

export interface HookTarget {
  readonly runtime: ContainerRuntime;
  readonly containerId: string;
  readonly container: Container;
  readonly podIP: string | undefined;
  readonly clock: Clock;
}

/** Runs a postStart or preStop handler. Follows: lifecycle.HandlerRunner. @throws {HookError} it failed or took too long. */
export async function runHook(
  handler: LifecycleHandler,
  target: HookTarget,
  timeoutMs: number,
  parent: AbortSignal,
): Promise<void> {
  const { runtime, containerId, container, podIP, clock } = target;
  using limit = deadline(parent, timeoutMs, clock);
  const { signal } = limit;
  if (handler.exec !== undefined) {
    const { exitCode, output } = await runtime.execSync(containerId, handler.exec.command ?? [], timeoutMs, { signal });
    if (exitCode !== 0) throw new HookError(`command exited with ${exitCode}: ${output.trim()}`);
  } else if (handler.httpGet !== undefined) {
    const { httpGet } = handler;
    const host = httpGet.host ?? podIP;
    if (host === undefined) throw new HookError('the pod has no address');
    const result = await httpCheck({ ...httpGet, host, port: portOf(httpGet.port, container) }, timeoutMs, signal);
    if (!result.ok) throw new HookError(result.message);
  } else if (handler.sleep !== undefined) {
    await clock.after(handler.sleep.seconds * 1000, { signal });
  }
}
