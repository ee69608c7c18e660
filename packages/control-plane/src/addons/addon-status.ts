import type {
  Addon,
  AddonPhase,
  AddonRelease,
  AddonResource,
  AddonSize,
  AddonStatus,
  AddonUpgrade,
  Condition,
} from '@geobuk/api';
import { deepEqual } from '@geobuk/api';
import type { AddonFacts } from './packages/evaluate-addon.js';

export type AddonConditionType = 'DependenciesMet' | 'ConfigValid' | 'Applied' | 'Ready' | 'UpToDate' | 'Pruned';

export interface ConditionWord {
  readonly type: AddonConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message?: string | undefined;
}

/** What a pass found out; everything else of the status is kept or comes from the package. */
export interface AddonReport {
  readonly phase: AddonPhase;
  readonly conditions: readonly ConditionWord[];
  /** The inventory as it stands. */
  readonly resources: readonly AddonResource[];
  readonly installedVersion: string | undefined;
  readonly error?:
    { readonly reason: string; readonly message: string; readonly hint?: string | undefined } | undefined;
}

/** What the status says besides the report. */
export interface AddonRecord {
  readonly facts: AddonFacts | undefined;
  readonly availableVersion: string | undefined;
  readonly size: AddonSize | undefined;
  readonly release: AddonRelease | undefined;
  readonly upgrade: AddonUpgrade | undefined;
}

/** The next status, or undefined when it says the same as the one that stands. `now` is in RFC 3339. */
export function nextStatus(
  addon: Addon,
  record: AddonRecord,
  report: AddonReport,
  now: string,
): AddonStatus | undefined {
  const before = addon.status ?? {};
  const generation = addon.metadata.generation;
  const { error, installedVersion } = report;
  const { facts, size, release, upgrade, availableVersion } = record;
  const endpoints = report.phase === 'Disabled' ? undefined : facts?.ui?.endpoints;
  const next: AddonStatus = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: report.phase,
    ...(installedVersion === undefined ? {} : { installedVersion }),
    ...(facts === undefined ? ofBefore(before) : ofPackage(facts)),
    ...(availableVersion === undefined ? {} : { availableVersion }),
    ...(size === undefined ? {} : { size }),
    ...(release === undefined ? {} : { release }),
    ...(upgrade === undefined ? {} : { upgrade }),
    resources: report.resources,
    conditions: report.conditions.map((word) => conditionOf(word, before.conditions, generation, now)),
    ...(endpoints === undefined ? {} : { endpoints }),
    ...(error === undefined ? {} : { lastError: { ...error, at: errorTime(error, before, now) } }),
  };
  const plain = JSON.parse(JSON.stringify(next)) as AddonStatus;
  return deepEqual(plain, before) ? undefined : plain;
}

const ofPackage = (definition: AddonFacts): AddonStatus => ({
  description: definition.description,
  provides: definition.provides,
  requires: definition.requires,
  conflicts: definition.conflicts,
  configSchema: definition.config,
  permissions: definition.permissions,
});

/** A package that cannot be had for the moment is what it was. */
const ofBefore = ({
  description,
  provides,
  requires,
  conflicts,
  configSchema,
  permissions,
  availableVersion,
}: AddonStatus): AddonStatus => ({
  description,
  provides,
  requires,
  conflicts,
  configSchema,
  permissions,
  availableVersion,
});

function conditionOf(
  { type, status, reason, message = '' }: ConditionWord,
  before: readonly Condition[] | undefined,
  generation: number | undefined,
  now: string,
): Condition {
  const former = before?.find((condition) => condition.type === type);
  const lastTransitionTime = former?.status === status ? former.lastTransitionTime : now;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return { type, status, reason, message, lastTransitionTime, ...observed };
}

const errorTime = (error: { readonly reason: string; readonly message: string }, before: AddonStatus, now: string) =>
  before.lastError?.reason === error.reason && before.lastError.message === error.message ? before.lastError.at : now;
