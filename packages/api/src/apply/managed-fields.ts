import { emptySet, equalSets, fromFieldsV1, isEmptySet, toFieldsV1, unionOf } from './field-set.js';
import { isJsonObject } from '../json/json-value.js';
import type { FieldSet } from './field-set.js';
import type { ManagedFieldsEntry } from '../generated/types.js';

/** One manager with what it owns. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
  readonly time?: string | undefined;
  readonly set: FieldSet;
}

/** Managers by who they are: name, operation, version and subresource. */
export type FieldManagers = ReadonlyMap<string, FieldManager>;

export type ManagerIdentity = Pick<FieldManager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>;

/** Apply entries are one per manager and subresource, whatever version they were applied in. */
export const managerKey = ({ manager, operation, apiVersion, subresource }: ManagerIdentity): string =>
  JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource ?? '']);

/** `undefined` when the list is not in its form, which drops it. */
export function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): FieldManagers | undefined {
  const managers = new Map<string, FieldManager>();
  for (const entry of entries ?? []) {
    const { manager = '', operation, apiVersion = '', subresource, time, fieldsType, fieldsV1 } = entry;
    if (operation !== 'Apply' && operation !== 'Update') return undefined;
    if (fieldsType !== undefined && fieldsType !== '' && fieldsType !== 'FieldsV1') return undefined;
    const set = isJsonObject(fieldsV1) ? fromFieldsV1(fieldsV1) : emptySet;
    const read: FieldManager = { manager, operation, apiVersion, subresource, time, set };
    managers.set(managerKey(read), read);
  }
  return managers;
}

const maxUpdateManagers = 10;
const ancient = 'ancient-changes';

/**
 * The entries as they are stored: no empty ones, Apply first, then by time and name; all but the ten newest Update
 * managers become one.
 */
export function writeManagers(managers: FieldManagers): readonly ManagedFieldsEntry[] {
  const kept = squashOld([...managers.values()].filter(({ set }) => !isEmptySet(set)));
  return kept.sort(byStorageOrder).map(({ manager, operation, apiVersion, subresource, time, set }) => ({
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(set),
    ...(subresource === undefined || subresource === '' ? {} : { subresource }),
  })) as readonly ManagedFieldsEntry[];
}

function squashOld(managers: readonly FieldManager[]): FieldManager[] {
  const updates = managers.filter(({ operation }) => operation === 'Update').sort(byStorageOrder);
  const excess = updates.length - maxUpdateManagers;
  if (excess <= 0) return [...managers];
  // One more than the excess, since what they become is an entry too.
  const old = updates.slice(0, excess + 1);
  const buckets = new Map<string, FieldManager>();
  for (const entry of old) {
    const bucket = buckets.get(entry.apiVersion);
    buckets.set(entry.apiVersion, {
      manager: ancient,
      operation: 'Update',
      apiVersion: entry.apiVersion,
      time: entry.time,
      set: bucket === undefined ? entry.set : unionOf(bucket.set, entry.set),
    });
  }
  return [...managers.filter((entry) => !old.includes(entry)), ...buckets.values()];
}

function byStorageOrder(a: FieldManager, b: FieldManager): number {
  return (
    compare(a.operation, b.operation) ||
    compare(a.time ?? '', b.time ?? '') ||
    compare(a.manager, b.manager) ||
    compare(a.apiVersion, b.apiVersion) ||
    compare(a.subresource ?? '', b.subresource ?? '')
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The manager with a new set; its time changes only when the set does. */
export function withSet(
  previous: FieldManager | undefined,
  identity: ManagerIdentity,
  set: FieldSet,
  now: string,
): FieldManager {
  const same = previous !== undefined && equalSets(previous.set, set) && previous.apiVersion === identity.apiVersion;
  return { ...identity, set, time: same ? previous.time : now };
}
