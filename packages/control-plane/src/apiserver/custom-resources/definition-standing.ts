import { builtInResources } from '@geobuk/api';
import type { CustomResourceDefinition } from '@geobuk/api';

type Status = NonNullable<CustomResourceDefinition['status']>;
type Condition = NonNullable<Status['conditions']>[number];

export interface Standing {
  /** Its names are free, so it is served. */
  readonly isAccepted: boolean;
  readonly status: Status;
}

/** Conditions of a definition, from its names and those of all others. Pure. Follows: checklist 3.1.2. */
export function standingOf(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now = '',
): Standing {
  const { spec, status, metadata } = definition;
  const clash = clashOf(definition, others);
  const wasEstablished = isTrue(status?.conditions, 'Established');
  const isAccepted = clash === undefined || wasEstablished;
  const wanted: Condition[] = [
    clash === undefined
      ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
      : { type: 'NamesAccepted', status: 'False', reason: clash.reason, message: clash.message },
    isAccepted
      ? {
          type: 'Established',
          status: 'True',
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        }
      : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
  ];
  if (metadata.deletionTimestamp !== undefined) {
    wanted.push({
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    });
  }
  const before = status?.conditions ?? [];
  const storage = spec.versions.find((version) => version.storage)?.name;
  const stored = status?.storedVersions ?? [];
  return {
    isAccepted,
    status: {
      ...status,
      conditions: wanted.map((condition) => {
        const own = before.find(({ type }) => type === condition.type);
        const at = own?.status === condition.status ? own.lastTransitionTime : now;
        return { ...condition, ...(at === undefined || at === '' ? {} : { lastTransitionTime: at }) };
      }),
      acceptedNames: clash === undefined ? spec.names : (status?.acceptedNames ?? { kind: '', plural: '' }),
      storedVersions: storage === undefined || stored.includes(storage) ? stored : [...stored, storage],
    },
  };
}

const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;

interface Clash {
  readonly reason: string;
  readonly message: string;
}

/** Names that somebody else of the same group had first. */
function clashOf(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): Clash | undefined {
  const { group, names } = definition.spec;
  const taken = new Set<string>();
  const kinds = new Set<string>();
  for (const { spec, status } of others) {
    if (spec.group !== group || !isTrue(status?.conditions, 'Established')) continue;
    const { plural, singular, shortNames, kind, listKind } = spec.names;
    for (const name of [plural, singular, ...(shortNames ?? [])]) if (name !== undefined) taken.add(name);
    for (const name of [kind, listKind]) if (name !== undefined) kinds.add(name);
  }
  for (const type of builtInResources) {
    if (type.group !== group) continue;
    for (const name of [type.plural, type.singular, ...type.shortNames]) taken.add(name);
    kinds.add(type.kind);
  }
  const refuse = (reason: string, name: string): Clash => ({ reason, message: `"${name}" is already in use` });
  if (taken.has(names.plural)) return refuse('PluralConflict', names.plural);
  if (names.singular !== undefined && taken.has(names.singular)) return refuse('SingularConflict', names.singular);
  const short = names.shortNames?.find((name) => taken.has(name));
  if (short !== undefined) return refuse('ShortNamesConflict', short);
  if (kinds.has(names.kind)) return refuse('KindConflict', names.kind);
  if (names.listKind !== undefined && kinds.has(names.listKind)) return refuse('ListKindConflict', names.listKind);
  return undefined;
}
