import { builtInResources } from '../kinds.js';
import { deepEqual } from '../json/deep-equal.js';
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  pathSegmentName,
  qualifiedName,
} from '../names/name-rules.js';
import { forbidden, immutable, invalid, required, tooLong } from '../fields/field-error.js';
import type { FieldError } from '../status.js';
import type { NameRule } from '../names/name-rules.js';
import type { ObjectMeta, OwnerReference } from '../generated/types.js';
import type { ResourceType } from '../resource-type.js';

const maxAnnotationBytes = 256 * 1024;
const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

const anyName: NameRule = () => [];

/** Kinds whose names follow another rule than DNS subdomains; by `group/Kind`. */
const nameRules: ReadonlyMap<string, NameRule> = new Map([
  ['/Namespace', dns1123Label],
  ['/Service', dns1035Label],
  ['/ComponentStatus', anyName],
  ['rbac.authorization.k8s.io/Role', pathSegmentName],
  ['rbac.authorization.k8s.io/ClusterRole', pathSegmentName],
  ['rbac.authorization.k8s.io/RoleBinding', pathSegmentName],
  ['rbac.authorization.k8s.io/ClusterRoleBinding', pathSegmentName],
  ['certificates.k8s.io/CertificateSigningRequest', anyName],
  ['apiregistration.k8s.io/APIService', pathSegmentName],
]);

export const nameRuleOf = ({ group, kind }: Pick<ResourceType, 'group' | 'kind'>): NameRule =>
  nameRules.get(`${group}/${kind}`) ?? dns1123Subdomain;

/**
 * What holds for the metadata of every object.
 * Follows: ValidateObjectMeta.
 */
export function validateMetadata(
  metadata: ObjectMeta | undefined,
  type: Pick<ResourceType, 'group' | 'kind' | 'namespaced'>,
  path = 'metadata',
): readonly FieldError[] {
  const meta = metadata ?? {};
  const errors: FieldError[] = [];
  const rule = nameRuleOf(type);
  if (meta.generateName !== undefined && meta.generateName !== '') {
    // The suffix follows, so a dash at the end is no end.
    const masked = /.-$/.test(meta.generateName) ? `${meta.generateName.slice(0, -1)}a` : meta.generateName;
    errors.push(...rule(masked).map((text) => invalid(`${path}.generateName`, meta.generateName, text)));
  }
  if (meta.name === undefined || meta.name === '') {
    errors.push(required(`${path}.name`, 'name or generateName is required'));
  } else {
    errors.push(...rule(meta.name).map((text) => invalid(`${path}.name`, meta.name, text)));
  }
  if (!type.namespaced) {
    if (meta.namespace) errors.push(forbidden(`${path}.namespace`, 'not allowed on this type'));
  } else if (!meta.namespace) errors.push(required(`${path}.namespace`));
  else errors.push(...dns1123Label(meta.namespace).map((text) => invalid(`${path}.namespace`, meta.namespace, text)));

  if ((meta.generation ?? 0) < 0) {
    errors.push(invalid(`${path}.generation`, meta.generation, 'must be greater than or equal to 0'));
  }
  errors.push(
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences ?? [], `${path}.ownerReferences`),
    ...validateFinalizers(meta.finalizers ?? [], `${path}.finalizers`, wantsQualifiedFinalizers(type.group)),
  );
  return errors;
}

export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: string,
): readonly FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedName(key).map((text) => invalid(path, key, text)),
    ...labelValue(value).map((text) => invalid(path, value, text)),
  ]);
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...qualifiedName(key.toLowerCase()).map((text) => invalid(path, key, text)));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > maxAnnotationBytes) errors.push(tooLong(path, maxAnnotationBytes));
  return errors;
}

function validateOwnerReferences(owners: readonly OwnerReference[], path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  owners.forEach((owner, index) => {
    const at = `${path}[${index}]`;
    if (!owner.apiVersion)
      errors.push(invalid(`${at}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    if (!owner.kind) errors.push(invalid(`${at}.kind`, '', 'must not be empty'));
    if (!owner.name) errors.push(invalid(`${at}.name`, '', 'must not be empty'));
    if (!owner.uid) errors.push(invalid(`${at}.uid`, '', 'must not be empty'));
    if (owner.kind === 'Event' && (owner.apiVersion === 'v1' || owner.apiVersion === 'events.k8s.io/v1')) {
      errors.push(
        invalid(
          at,
          owner,
          `${owner.apiVersion === 'v1' ? '/v1' : owner.apiVersion}, Kind=Event is disallowed from being an owner`,
        ),
      );
    }
  });
  const [first, second] = owners.filter(({ controller }) => controller === true);
  if (first !== undefined && second !== undefined) {
    errors.push(
      invalid(
        path,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${first.name} and ${second.name}`,
      ),
    );
  }
  return errors;
}

/** Definitions of kinds and custom resources may have bare finalizers; the old kinds may not. */
const wantsQualifiedFinalizers = (group: string): boolean =>
  group !== 'apiextensions.k8s.io' &&
  group !== 'apiregistration.k8s.io' &&
  builtInResources.some((type) => type.group === group);

function validateFinalizers(finalizers: readonly string[], path: string, isStrict: boolean): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const finalizer of finalizers) {
    errors.push(...qualifiedName(finalizer).map((text) => invalid(path, finalizer, text)));
    if (isStrict && !finalizer.includes('/') && !standardFinalizers.has(finalizer)) {
      errors.push(invalid(path, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
    }
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return errors;
}

const fixed = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Follows: ValidateObjectMetaUpdate. */
export function validateMetadataUpdate(
  metadata: ObjectMeta,
  old: ObjectMeta,
  path = 'metadata',
): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const field of fixed) {
    if (!deepEqual(metadata[field] ?? '', old[field] ?? '')) {
      errors.push(immutable(`${path}.${field}`, metadata[field]));
    }
  }
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalid(`${path}.generation`, metadata.generation ?? 0, 'must not be decremented'));
  }
  if (old.deletionTimestamp !== undefined) {
    const before = new Set(old.finalizers ?? []);
    const added = (metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
      errors.push(
        forbidden(
          `${path}.finalizers`,
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        ),
      );
    }
  }
  return errors;
}
