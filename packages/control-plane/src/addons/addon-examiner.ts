import { Resolver } from 'node:dns/promises';
import type { AddonHealthCheck, AddonPhase, AddonResource } from '@geobuk/api';
import type { HealthFinding } from './addon-health.js';
import { failingContainer, failureText, workloadHealth } from './addon-health.js';
import type { AddonResources } from './addon-resources.js';
import type { FirstLogLine } from './first-log-line.js';
import type { AddonFacts } from './packages/evaluate-addon.js';

export interface AddonExaminerDeps {
  readonly resources: AddonResources;
  readonly logs: FirstLogLine | undefined;
}

export interface AddonHealth {
  readonly phase: Extract<AddonPhase, 'Ready' | 'Degraded' | 'Failed' | 'Installing'>;
  /** Which check fails and why; empty when all hold. */
  readonly message: string;
  /** The answer may change without any event. */
  readonly mustAskAgain: boolean;
  /** A container has been given up on for now, so that time alone mends nothing. */
  readonly hopeless: boolean;
}

/** Checks that ask the network have no event to wait for. */
const isPolled = ({ kind }: AddonHealthCheck): boolean => kind === 'http' || kind === 'dns';

/** Looks at an addon's health checks, one after the other, and says which one fails and what its pod said. */
export class AddonExaminer {
  readonly #deps: AddonExaminerDeps;

  constructor(deps: AddonExaminerDeps) {
    this.#deps = deps;
  }

  /** @param wasReady it worked before; then nothing is "starting" any more. */
  async examine(
    definition: AddonFacts,
    options: { readonly wasReady: boolean; readonly overdue: boolean; readonly signal: AbortSignal },
  ): Promise<AddonHealth> {
    const { signal, wasReady, overdue } = options;
    const findings = await Promise.all(definition.health.map((check) => this.#find(check, signal)));
    const mustAskAgain = definition.health.some(isPolled);
    const bad = findings.filter(({ state }) => state !== 'ok');
    const [first] = bad;
    if (first === undefined) return { phase: 'Ready', message: '', mustAskAgain, hopeless: false };
    const failing = failingContainer(this.#deps.resources.podsOf(definition.name));
    const words = failing === undefined ? undefined : await this.#deps.logs?.of(failing, { signal });
    const cause = failing === undefined ? '' : `; ${failureText(failing, words)}`;
    const message = `${bad.map(({ check, message: text }) => `${check}: ${text}`).join('; ')}${cause}`;
    const phase = phaseOf(findings, { wasReady, overdue, hopeless: failing !== undefined });
    return { phase, message, mustAskAgain, hopeless: failing?.backsOff === true };
  }

  async #find(check: AddonHealthCheck, signal: AbortSignal): Promise<HealthFinding> {
    const { resources } = this.#deps;
    switch (check.kind) {
      case 'workloadAvailable': {
        const { workload: kind, namespace, name } = check;
        return workloadHealth(check, resources.get({ apiVersion: 'apps/v1', kind, namespace, name }));
      }
      case 'apiAvailable':
        return this.#findApi(check.group, check.version, signal);
      case 'http':
        return asked(`GET ${check.url}`, async () => {
          const answer = await fetch(check.url, { signal: AbortSignal.timeout(check.timeoutMs) });
          await answer.body?.cancel();
          if (!answer.ok) throw new Error(`answered ${answer.status}`);
        });
      case 'dns':
        return asked(`name ${check.name} at ${check.server}`, async () => {
          const resolver = new Resolver({ timeout: check.timeoutMs, tries: 1 });
          resolver.setServers([check.server]);
          await resolver.resolve(check.name);
        });
      default:
        return check satisfies never;
    }
  }

  async #findApi(group: string, version: string, signal: AbortSignal): Promise<HealthFinding> {
    const resource: AddonResource = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      name: `${version}.${group}`,
    };
    const check = `API ${group}/${version}`;
    const live = (await this.#deps.resources.read(resource, { signal })) as
      | { readonly status?: { readonly conditions?: readonly { type: string; status: string; message?: string }[] } }
      | undefined;
    const available = live?.status?.conditions?.find(({ type }) => type === 'Available');
    if (available?.status === 'True') return { state: 'ok', check, message: 'is available' };
    return { state: 'down', check, message: available?.message ?? 'is not served' };
  }
}

async function asked(check: string, ask: () => Promise<void>): Promise<HealthFinding> {
  try {
    await ask();
    return { state: 'ok', check, message: 'answers' };
  } catch (error) {
    return { state: 'down', check, message: (error as Error).message };
  }
}

/** Three-valued once it has been ready: all holds, some holds, nothing holds. */
function phaseOf(
  findings: readonly HealthFinding[],
  facts: { readonly wasReady: boolean; readonly overdue: boolean; readonly hopeless: boolean },
): AddonHealth['phase'] {
  const allDown = findings.every(({ state }) => state === 'down' || state === 'starting');
  const hopeless = facts.hopeless || facts.overdue;
  if (allDown && hopeless) return 'Failed';
  return facts.wasReady || hopeless ? 'Degraded' : 'Installing';
}
