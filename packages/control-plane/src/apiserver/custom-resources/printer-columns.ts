import type { Json, KubernetesObject } from '@geobuk/api';
import { ageOf, isJsonArray, isJsonObject, fieldOf } from '@geobuk/api';
import type { CustomResource, PrinterColumn } from '../resources/served-resource.js';

export interface TableParts {
  readonly columnDefinitions: readonly {
    readonly name: string;
    readonly type: string;
    readonly format: string;
    readonly description: string;
    readonly priority: number;
  }[];
  readonly rows: readonly { readonly cells: readonly Json[] }[];
}

/** NAME, what the definition adds, and AGE where it adds none. Follows: checklist 3.2.4. */
export function customColumns(
  { columns: given }: CustomResource,
  objects: readonly KubernetesObject[],
  now: number,
): TableParts {
  const columns = given.length > 0 ? given : [age];
  return {
    columnDefinitions: [
      {
        name: 'Name',
        type: 'string',
        format: 'name',
        description: 'Name must be unique within a namespace.',
        priority: 0,
      },
      ...columns.map(({ name, type, format = '', description = '', priority = 0 }) => ({
        name,
        type,
        format,
        description,
        priority,
      })),
    ],
    rows: objects.map((object) => ({
      cells: [object.metadata.name ?? '', ...columns.map((column) => cell(column, object, now))],
    })),
  };
}

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  description: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
  jsonPath: '.metadata.creationTimestamp',
};

function cell({ jsonPath, type }: PrinterColumn, object: KubernetesObject, now: number): Json {
  const found = findPath(jsonPath, object as unknown as Json);
  const value = found[0];
  if (value === undefined || value === null) return type === 'date' ? '<unknown>' : null;
  if (type === 'date') return typeof value === 'string' ? ageOf(value, now) : '<unknown>';
  if (type === 'string' && typeof value !== 'string') return JSON.stringify(value);
  if (isJsonArray(value) || isJsonObject(value)) return JSON.stringify(value);
  return value;
}

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'where'; readonly path: readonly Step[]; readonly equals: Json };

const parsed = new Map<string, readonly Step[]>();

/**
 * The values at a simple JSONPath: fields, indices, `[*]` and `[?(@.a=="b")]`.
 * Follows: the part of JSONPath that printer columns use.
 */
export function findPath(path: string, root: Json): readonly Json[] {
  let steps = parsed.get(path);
  if (steps === undefined) {
    steps = parsePath(path);
    if (parsed.size > 2_000) parsed.clear();
    parsed.set(path, steps);
  }
  return follow(steps, root);
}

function follow(steps: readonly Step[], root: Json): readonly Json[] {
  let values: readonly Json[] = [root];
  for (const step of steps) values = values.flatMap((value) => take(step, value));
  return values;
}

function take(step: Step, value: Json): readonly Json[] {
  switch (step.kind) {
    case 'field': {
      const child = isJsonObject(value) ? fieldOf(value, step.name) : undefined;
      return child === undefined ? [] : [child];
    }
    case 'index': {
      const child = isJsonArray(value) ? value.at(step.index) : undefined;
      return child === undefined ? [] : [child];
    }
    case 'all':
      if (isJsonArray(value)) return value;
      return isJsonObject(value) ? Object.values(value).filter((child): child is Json => child !== undefined) : [];
    case 'where':
      return isJsonArray(value) ? value.filter((item) => follow(step.path, item)[0] === step.equals) : [];
    default:
      return step satisfies never;
  }
}

const token =
  /^(?:\.?\[\?\(@((?:\.[\w-]+)+)\s*==\s*(?:"([^"]*)"|'([^']*)'|([\w.]+))\)\]|\.?\[\*\]|\.\*|\.?\[(-?\d+)\]|\.?\['((?:[^'\\]|\\.)*)'\]|\.((?:[^.[\]\\]|\\.)+))/;

/** What cannot be read finds nothing. */
function parsePath(path: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = path.startsWith('{') && path.endsWith('}') ? path.slice(1, -1) : path;
  if (rest.startsWith('$')) rest = rest.slice(1);
  if (rest === '.') return steps;
  while (rest !== '') {
    const found = token.exec(rest);
    if (found === null) return [{ kind: 'field', name: '' }];
    const [whole, wherePath, double, single, bare, index, quoted, name] = found;
    if (wherePath !== undefined) {
      const equals = double ?? single ?? (bare === 'true' ? true : bare === 'false' ? false : Number(bare));
      steps.push({ kind: 'where', path: parsePath(wherePath), equals });
    } else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else if (quoted !== undefined) steps.push({ kind: 'field', name: unescape(quoted) });
    else if (name !== undefined) steps.push({ kind: 'field', name: unescape(name) });
    else steps.push({ kind: 'all' });
    rest = rest.slice(whole.length);
  }
  return steps;
}

const unescape = (name: string): string => name.replaceAll(/\\(.)/g, '$1');
