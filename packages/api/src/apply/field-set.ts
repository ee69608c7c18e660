import { isJsonObject, setField } from '../json/json-value.js';
import type { JsonObject, MutableJsonObject } from '../json/json-value.js';

/**
 * Places in an object that somebody owns, as a tree. A step is written as FieldsV1 writes it: `f:name` for a field,
 * `k:{"name":"x"}` for an item by its keys, `v:"x"` for an item by its value, `i:3` for one by its place.
 *
 *     { f:spec → { f:replicas (own) } }   owns .spec.replicas, and not .spec
 */
export interface FieldSet {
  /** Whether this very place is owned. */
  readonly own: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();

export const emptySet: FieldSet = { own: false, children: noChildren };
export const leafSet: FieldSet = { own: true, children: noChildren };

export const isEmptySet = ({ own, children }: FieldSet): boolean => !own && children.size === 0;

/** A set without empty branches. */
export function fieldSet(own: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  const kept = new Map<string, FieldSet>();
  for (const [step, child] of children) if (!isEmptySet(child)) kept.set(step, child);
  if (kept.size === 0) return own ? leafSet : emptySet;
  return { own, children: kept };
}

export function unionOf(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left)) return right;
  if (isEmptySet(right)) return left;
  const children = new Map(left.children);
  for (const [step, child] of right.children) {
    const mine = children.get(step);
    children.set(step, mine === undefined ? child : unionOf(mine, child));
  }
  return fieldSet(left.own || right.own, children);
}

export function intersectionOf(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left) || isEmptySet(right)) return emptySet;
  const children: [string, FieldSet][] = [];
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    if (other !== undefined) children.push([step, intersectionOf(child, other)]);
  }
  return fieldSet(left.own && right.own, children);
}

/** What `left` owns and `right` does not, place by place. */
export function differenceOf(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left) || isEmptySet(right)) return left;
  const children: [string, FieldSet][] = [];
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    children.push([step, other === undefined ? child : differenceOf(child, other)]);
  }
  return fieldSet(left.own && !right.own, children);
}

/** `left` without anything at or below the places of `right`. */
export function withoutTrees(left: FieldSet, right: FieldSet): FieldSet {
  if (right.own) return emptySet;
  if (isEmptySet(right)) return left;
  const children: [string, FieldSet][] = [];
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    children.push([step, other === undefined ? child : withoutTrees(child, other)]);
  }
  return fieldSet(left.own, children);
}

export function equalSets(left: FieldSet, right: FieldSet): boolean {
  if (left.own !== right.own || left.children.size !== right.children.size) return false;
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    if (other === undefined || !equalSets(child, other)) return false;
  }
  return true;
}

/** The set that owns the places at `paths`; each path is a list of field names. */
export function setOfPaths(paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce(
    (all, path) =>
      unionOf(
        all,
        path.reduceRight<FieldSet>((child, name) => fieldSet(false, [[`f:${name}`, child]]), leafSet),
      ),
    emptySet,
  );
}

/** All owned places, each as its steps. */
export function placesOf(set: FieldSet): readonly (readonly string[])[] {
  const places: (readonly string[])[] = [];
  const walk = ({ own, children }: FieldSet, steps: readonly string[]): void => {
    if (own && steps.length > 0) places.push(steps);
    for (const [step, child] of children) walk(child, [...steps, step]);
  };
  walk(set, []);
  return places;
}

/** FieldsV1: a leaf is `{}`, a place that is owned and has owned children holds `.`. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const fields: MutableJsonObject = {};
  if (set.own && set.children.size > 0) fields['.'] = {};
  for (const step of [...set.children.keys()].sort()) {
    setField(fields, step, toFieldsV1(set.children.get(step) ?? emptySet));
  }
  return fields as JsonObject;
}

/** The inverse of {@link toFieldsV1}; what is not in its form is left out. */
export function fromFieldsV1(fields: JsonObject): FieldSet {
  const read = (node: JsonObject, isRoot: boolean): FieldSet => {
    const steps = Object.keys(node).filter((step) => step !== '.');
    const children = steps.flatMap((step): [string, FieldSet][] => {
      const child = node[step];
      return isJsonObject(child) && /^[fkvi]:/.test(step) ? [[step, read(child, false)]] : [];
    });
    return fieldSet(!isRoot && (steps.length === 0 || Object.hasOwn(node, '.')), children);
  };
  return read(fields, true);
}

/** `.spec.containers[name="web"].image`, as conflicts name it. */
export function placeText(steps: readonly string[]): string {
  return steps
    .map((step) => {
      const content = step.slice(2);
      switch (step.slice(0, 2)) {
        case 'k:': {
          const keys = JSON.parse(content) as Readonly<Record<string, unknown>>;
          return `[${Object.entries(keys)
            .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
            .join(',')}]`;
        }
        case 'v:':
          return `[=${content}]`;
        case 'i:':
          return `[${content}]`;
        default:
          return `.${content}`;
      }
    })
    .join('');
}
