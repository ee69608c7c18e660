import { checkLabelSelector, checkOptionalOneOf } from './rules.js';
import { dns1123Subdomain, pathSegmentName } from '../names/name-rules.js';
import { forbidden, invalid, notSupported, required } from '../fields/field-error.js';
import { deepEqual } from '../json/deep-equal.js';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  RbacV1Subject,
  Role,
  RoleBinding,
} from '../generated/types.js';
import type { FieldError } from '../status.js';

const rbacGroup = 'rbac.authorization.k8s.io';

/** Follows: ValidateRole. */
export const validateRole = ({ rules }: Role): readonly FieldError[] => validateRules(rules ?? [], true);

/** Follows: ValidateClusterRole. */
export const validateClusterRole = ({ rules, aggregationRule }: ClusterRole): readonly FieldError[] => [
  ...validateRules(rules ?? [], false),
  ...(aggregationRule !== undefined && (aggregationRule.clusterRoleSelectors?.length ?? 0) === 0
    ? [
        required(
          'aggregationRule.clusterRoleSelectors',
          'at least one clusterRoleSelector required if aggregationRule is non-nil',
        ),
      ]
    : []),
  ...(aggregationRule?.clusterRoleSelectors ?? []).flatMap((selector, index) =>
    checkLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`),
  ),
];

function validateRules(rules: readonly PolicyRule[], isNamespaced: boolean): readonly FieldError[] {
  return rules.flatMap(
    ({ verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] }, index) => {
      const at = `rules[${index}]`;
      const errors: FieldError[] = [];
      if (verbs.length === 0) errors.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
      if (nonResourceURLs.length > 0) {
        if (isNamespaced) {
          errors.push(
            invalid(`${at}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'),
          );
        }
        if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
          errors.push(
            invalid(
              `${at}.nonResourceURLs`,
              nonResourceURLs,
              'rules cannot apply to both regular resources and non-resource URLs',
            ),
          );
        }
        return errors;
      }
      if (apiGroups.length === 0)
        errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
      if (resources.length === 0)
        errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
      return errors;
    },
  );
}

/** Follows: ValidateRoleBinding and ValidateClusterRoleBinding. */
const validateBinding =
  (roleKinds: readonly string[], isNamespaced: boolean) =>
  ({ roleRef, subjects = [] }: RoleBinding | ClusterRoleBinding): readonly FieldError[] => {
    const errors: FieldError[] = [];
    if (roleRef?.apiGroup !== rbacGroup)
      errors.push(notSupported('roleRef.apiGroup', roleRef?.apiGroup ?? '', [rbacGroup]));
    errors.push(...checkOptionalOneOf(roleRef?.kind ?? '', roleKinds, 'roleRef.kind'));
    if (!roleRef?.name) errors.push(required('roleRef.name'));
    else errors.push(...pathSegmentName(roleRef.name).map((text) => invalid('roleRef.name', roleRef.name, text)));
    subjects.forEach((subject, index) => errors.push(...validateSubject(subject, `subjects[${index}]`, isNamespaced)));
    return errors;
  };

export const validateRoleBinding = validateBinding(['Role', 'ClusterRole'], true);
export const validateClusterRoleBinding = validateBinding(['ClusterRole'], false);

function validateSubject({ kind, name, apiGroup = '', namespace }: RbacV1Subject, at: string, isNamespaced: boolean) {
  const errors: FieldError[] = [];
  if (!name) errors.push(required(`${at}.name`));
  switch (kind) {
    case 'ServiceAccount':
      if (name) errors.push(...dns1123Subdomain(name).map((text) => invalid(`${at}.name`, name, text)));
      if (apiGroup !== '') errors.push(notSupported(`${at}.apiGroup`, apiGroup, ['']));
      if (!isNamespaced && !namespace) errors.push(required(`${at}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== rbacGroup) errors.push(notSupported(`${at}.apiGroup`, apiGroup, [rbacGroup]));
      if (namespace) errors.push(forbidden(`${at}.namespace`, `may not be set for ${kind}`));
      break;
    default:
      errors.push(notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

export const validateBindingUpdate = (
  { roleRef }: RoleBinding | ClusterRoleBinding,
  { roleRef: old }: RoleBinding | ClusterRoleBinding,
): readonly FieldError[] => (deepEqual(roleRef, old) ? [] : [invalid('roleRef', roleRef, 'cannot change roleRef')]);
