import { CommandError, runCommand } from '@geobuk/addon-sdk';
import type { Logger } from 'pino';
import type { StaleFlows } from './stale-flows.js';

/** The kernel's memory of connections, by the `conntrack` command. */
export interface Conntrack {
  forgetUdp(flows: readonly StaleFlows[], options: { readonly signal: AbortSignal }): Promise<void>;
}

/** @param netns another network namespace than the process's own. */
export function createConntrack(log: Logger, netns?: string): Conntrack {
  return {
    async forgetUdp(flows, { signal }) {
      for (const flow of flows) {
        try {
          await runCommand('conntrack', ['-D', '-p', 'udp', ...flow], { netns, signal });
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof CommandError && error.stderr.includes('0 flow entries')) continue;
          // The rules are right already; only old flows go astray until they time out.
          log.warn({ flow, err: error }, 'stale UDP flows not forgotten');
        }
      }
    },
  };
}
