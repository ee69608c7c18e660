import type { Addon, AddonRelease, AddonUpgrade } from '@geobuk/api';
import { resolveAddonConfig } from '@geobuk/api';
import type { LoadedRelease } from './packages/addon-releases.js';

/** Which of its versions an addon is to have. */
export type ReleaseChoice =
  /** The one that is wanted: for the first time, or it is there already. */
  | { readonly kind: 'wanted' }
  /** The one that is wanted, in place of another, which is kept until this one has proved itself. */
  | { readonly kind: 'upgrade'; readonly from: AddonRelease }
  /** The one that is there. */
  | { readonly kind: 'stay'; readonly at: AddonRelease; readonly reason: StayReason; readonly message: string };

export type StayReason = 'Pinned' | 'RolledBack' | 'InvalidConfig';

/** A new version may take this long to become healthy. */
export const upgradeTimeMs = 180_000;
/** It must then stay healthy this long: a program that falls over does so at its start. */
export const proveTimeMs = 10_000;

/** Pure: from the wish, the record and the version that the wish means. */
export function chooseRelease(addon: Addon, wanted: LoadedRelease): ReleaseChoice {
  const { spec, status, metadata } = addon;
  const at = status?.release;
  if (at === undefined || isSame(at, wanted)) return { kind: 'wanted' };
  const next = wanted.facts.version;
  if (spec.updatePolicy === 'Pinned') return { kind: 'stay', at, reason: 'Pinned', message: `${next} is available` };
  const resolved = resolveAddonConfig(wanted.facts.config, spec.config);
  if (!resolved.valid) {
    const errors = resolved.errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
    return { kind: 'stay', at, reason: 'InvalidConfig', message: `${next} does not take the configuration: ${errors}` };
  }
  const last = status?.upgrade;
  if (last?.state === 'RolledBack' && isOf(last, wanted) && last.generation === (metadata.generation ?? 0)) {
    const message = `${next} was tried and taken back: ${last.message ?? 'it did not become healthy'}`;
    return { kind: 'stay', at, reason: 'RolledBack', message };
  }
  return { kind: 'upgrade', from: at };
}

/** What ships with the product has no hash of its own; there the version tells. */
const isSame = (at: AddonRelease, { facts, integrity }: LoadedRelease): boolean =>
  at.version === facts.version && (integrity === undefined || integrity === at.integrity);

const isOf = (upgrade: AddonUpgrade, { facts, integrity }: LoadedRelease): boolean =>
  upgrade.to === facts.version && upgrade.integrity === integrity;

/** The record of an upgrade that goes on or begins now. */
export function upgradeRecord(addon: Addon, from: AddonRelease, to: LoadedRelease, now: string): AddonUpgrade {
  const last = addon.status?.upgrade;
  const generation = addon.metadata.generation ?? 0;
  if (last?.state === 'Progressing' && isOf(last, to) && last.generation === generation) return last;
  return {
    from: from.version,
    to: to.facts.version,
    ...(to.integrity === undefined ? {} : { integrity: to.integrity }),
    state: 'Progressing',
    startedAt: now,
    generation,
  };
}

/** What an upgrade has come to, from what the checks say of the new version now. */
export function judgeUpgrade(
  upgrade: AddonUpgrade,
  health: {
    readonly phase: 'Ready' | 'Degraded' | 'Failed' | 'Installing';
    readonly message: string;
    /** A container gave up, which time alone does not mend. */
    readonly hopeless: boolean;
  },
  nowMs: number,
): { readonly upgrade: AddonUpgrade; readonly lookAgainMs: number | undefined } {
  const { healthySince: since, message: _, ...rest } = upgrade;
  const now = new Date(nowMs).toISOString();
  if (health.phase === 'Ready') {
    const provenMs = nowMs - Date.parse(since ?? now);
    if (provenMs >= proveTimeMs) return { upgrade: { ...rest, state: 'Succeeded' }, lookAgainMs: undefined };
    return { upgrade: { ...rest, healthySince: since ?? now }, lookAgainMs: proveTimeMs - provenMs };
  }
  const leftMs = Date.parse(upgrade.startedAt) + upgradeTimeMs - nowMs;
  if (health.hopeless || leftMs <= 0) {
    const late = health.hopeless ? '' : `not healthy within ${upgradeTimeMs / 1000} s: `;
    return { upgrade: { ...rest, state: 'RolledBack', message: `${late}${health.message}` }, lookAgainMs: undefined };
  }
  return { upgrade: { ...rest, message: health.message }, lookAgainMs: leftMs };
}
