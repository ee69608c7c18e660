import { ApiError } from '../status.js';
import { applyConflict } from './apply-conflict.js';
import { asJson, isJsonObject } from '../json/json-value.js';
import { checkListKeys, compareFields, fieldsOf, pruneFields } from './owned-fields.js';
import { deepEqual } from '../json/deep-equal.js';
import { differenceOf, emptySet, intersectionOf, isEmptySet, setOfPaths, unionOf, withoutTrees } from './field-set.js';
import { managerKey, readManagers, withSet, writeManagers } from './managed-fields.js';
import { mergeApplied } from './merge-applied.js';
import type { ApplyConflict } from './apply-conflict.js';
import type { FieldManager, FieldManagers, ManagerIdentity } from './managed-fields.js';
import type { FieldSet } from './field-set.js';
import type { Json, JsonObject } from '../json/json-value.js';
import type { KubernetesObject } from '../object.js';
import type { Schema } from '../schema/schema.js';

/** Who writes, through which version and subresource, and when. */
export interface FieldWrite {
  readonly schema: Schema;
  readonly manager: string;
  /** The version of the request, such as `apps/v1`. */
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Fields that this endpoint resets and nobody can own through it, such as `[['status']]`. */
  readonly resetFields?: readonly (readonly string[])[] | undefined;
}

export interface ApplyRequest<T> extends FieldWrite {
  /** Absent when the object does not exist yet. */
  readonly live?: T | undefined;
  readonly applied: T;
  readonly force?: boolean | undefined;
}

export interface UpdateRequest<T> extends FieldWrite {
  readonly live?: T | undefined;
  readonly updated: T;
}

/** Identity and what the server owns: nobody's field. */
const unowned = setOfPaths([
  ['apiVersion'],
  ['kind'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'creationTimestamp'],
  ['metadata', 'selfLink'],
  ['metadata', 'uid'],
  ['metadata', 'clusterName'],
  ['metadata', 'generation'],
  ['metadata', 'managedFields'],
  ['metadata', 'resourceVersion'],
]);

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
const clientSideManager = 'kubectl';

/**
 * Lays the applied object over the live one. The manager owns what it applies; what it applied before and leaves out
 * goes, unless somebody else owns it; what another manager set otherwise is a conflict, or is taken by `force`.
 * Gives the very live object when nothing changes. Defaults are not filled in here.
 * Follows: structured-merge-diff and the field manager of the API server.
 * @throws {ApiError} Conflict naming managers and fields; BadRequest for list items that cannot be told apart.
 */
export function serverSideApply<T extends KubernetesObject>(request: ApplyRequest<T>): T {
  if (request.applied.metadata?.managedFields !== undefined && request.applied.metadata.managedFields.length > 0) {
    throw ApiError.badRequest('metadata.managedFields must be nil');
  }
  checkListKeys(content(request.applied), request.schema);
  try {
    return applyOnce(request);
  } catch (error) {
    const { live, manager, force } = request;
    if (!(error instanceof ApplyRefusal)) throw error;
    // kubectl that turns to server-side apply owns what it applied from the client.
    const formerly = manager === clientSideManager && live !== undefined ? lastApplied(live, request) : undefined;
    const others = error.conflicts.map(({ set }) => (formerly === undefined ? set : differenceOf(set, formerly)));
    if (force === true || !others.every(isEmptySet)) throw applyConflict(error.conflicts);
    return applyOnce({ ...request, force: true });
  }
}

class ApplyRefusal extends Error {
  readonly conflicts: readonly ApplyConflict[];

  constructor(conflicts: readonly ApplyConflict[]) {
    super('apply conflict');
    this.conflicts = conflicts;
  }
}

function applyOnce<T extends KubernetesObject>(request: ApplyRequest<T>): T {
  const { live, applied, schema, force = false, now } = request;
  const identity: ManagerIdentity = { ...identityOf(request), operation: 'Apply' };
  const key = managerKey(identity);
  const before = live === undefined ? undefined : content(live);
  const wanted = content(applied);

  const set = withoutTrees(withoutTrees(fieldsOf(wanted, schema), unowned), resetSet(request));
  const managers = new Map(managersOf(live, before, request));
  const previous = managers.get(key);
  const others = [...managers].filter(([other]) => other !== key);

  const merged = before === undefined ? wanted : mergeApplied(before, wanted, schema);
  const keep = others.reduce((all, [, manager]) => unionOf(all, manager.set), unionOf(set, unowned));
  const after = previous === undefined ? merged : pruneFields(merged, schema, previous.set, keep);

  const changes = compareFields(before, after, schema);
  const conflicts = others
    .map(([, manager]) => ({ manager, set: intersectionOf(manager.set, unionOf(changes.modified, changes.added)) }))
    .filter((conflict) => !isEmptySet(conflict.set));
  if (conflicts.length > 0 && !force) throw new ApplyRefusal(conflicts);

  disown(managers, key, unionOf(unionOf(changes.modified, changes.added), changes.removed));
  managers.set(key, withSet(previous, identity, set, now));
  return finish(live, before, after as JsonObject, managers);
}

/**
 * The object as a create, update or other patch leaves it, with managedFields that say who changed what.
 * Follows: the field manager for updates (changed fields move to the manager, removed ones have no owner).
 */
export function trackUpdate<T extends KubernetesObject>(request: UpdateRequest<T>): T {
  const { live, updated, schema, now } = request;
  const identity: ManagerIdentity = { ...identityOf(request), operation: 'Update' };
  const key = managerKey(identity);
  const before = live === undefined ? undefined : content(live);
  const after = content(updated);

  const managers = new Map(managersForUpdate(live, updated));
  const changes = compareFields(before, after, schema);
  const gained = withoutTrees(withoutTrees(unionOf(changes.modified, changes.added), unowned), resetSet(request));
  const previous = managers.get(key);
  disown(managers, key, unionOf(unionOf(changes.modified, changes.added), changes.removed));
  const set = differenceOf(unionOf(previous?.set ?? emptySet, gained), changes.removed);
  managers.set(key, withSet(previous, identity, set, now));
  return finish(live, before, after, managers, updated);
}

const identityOf = ({ manager, apiVersion, subresource }: FieldWrite): Omit<ManagerIdentity, 'operation'> => ({
  manager,
  apiVersion,
  ...(subresource === undefined || subresource === '' ? {} : { subresource }),
});

const resetSet = ({ resetFields }: FieldWrite): FieldSet => setOfPaths(resetFields ?? []);

/** The object without managedFields. */
function content(object: KubernetesObject): JsonObject {
  if (object.metadata?.managedFields === undefined) return asJson(object);
  const { managedFields: _owners, ...metadata } = object.metadata;
  return asJson({ ...object, metadata });
}

/** Owners of the live object. One that never had any belongs to whoever came before the first apply. */
function managersOf(
  live: KubernetesObject | undefined,
  before: JsonObject | undefined,
  write: FieldWrite,
): FieldManagers {
  const managers = readManagers(live?.metadata.managedFields);
  if (live === undefined || before === undefined) return new Map();
  if (managers !== undefined && managers.size > 0) return managers;
  const set = withoutTrees(compareFields(undefined, before, write.schema).added, unowned);
  const entry: FieldManager = {
    manager: 'before-first-apply',
    operation: 'Update',
    apiVersion: live.apiVersion ?? write.apiVersion,
    time: write.now,
    set,
  };
  return new Map([[managerKey(entry), entry]]);
}

/** An update may bring its own list; `[{}]` clears it, a missing or malformed one leaves the live one. */
function managersForUpdate(live: KubernetesObject | undefined, updated: KubernetesObject): FieldManagers {
  const given = updated.metadata?.managedFields;
  if (given?.length === 1 && given[0] !== undefined && Object.keys(given[0]).length === 0) return new Map();
  const managers = given === undefined || given.length === 0 ? undefined : readManagers(given);
  return managers ?? readManagers(live?.metadata.managedFields) ?? new Map();
}

/** Takes changed places from everybody but the one who writes. */
function disown(managers: Map<string, FieldManager>, writer: string, changed: FieldSet): void {
  for (const [key, manager] of managers) {
    if (key === writer) continue;
    const set = differenceOf(manager.set, changed);
    if (isEmptySet(set)) managers.delete(key);
    else managers.set(key, { ...manager, set });
  }
}

function finish<T extends KubernetesObject>(
  live: T | undefined,
  before: JsonObject | undefined,
  after: JsonObject,
  managers: FieldManagers,
  updated?: T,
): T {
  const managedFields = writeManagers(managers);
  if (live !== undefined && deepEqual(before, after) && deepEqual(live.metadata.managedFields ?? [], managedFields)) {
    return live;
  }
  const metadata = isJsonObject(after['metadata']) ? after['metadata'] : {};
  const fields =
    managedFields.length === 0 ? metadata : { ...metadata, managedFields: managedFields as unknown as Json };
  return { ...(updated ?? after), metadata: fields } as unknown as T;
}

/** What client-side apply applied last, from its annotation; `undefined` when there is none or it is unreadable. */
function lastApplied(live: KubernetesObject, { schema }: FieldWrite): FieldSet | undefined {
  const text = live.metadata.annotations?.[lastAppliedAnnotation];
  if (text === undefined || text === '') return undefined;
  try {
    const parsed = JSON.parse(text) as Json;
    return isJsonObject(parsed) ? fieldsOf(parsed, schema) : undefined;
  } catch (error) {
    // Whoever broke the annotation only loses the takeover; the conflicts are then reported as they are.
    if (error instanceof SyntaxError || error instanceof ApiError) return undefined;
    throw error;
  }
}
