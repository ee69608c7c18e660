import { invalid, labelValue, qualifiedNameRule, required, dns1123Subdomain, dns1123Label, dns1035Label, pathSegmentName } from '@geobuk/api';
import type { FieldError, NameRule, ObjectMeta } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';

const annotationBytes = 256 * 1024;

/** Names of most kinds are DNS-1123 subdomains (1.7.10). */
const rules: Readonly<Record<string, NameRule>> = {
  '/namespaces': dns1123Label,
  '/services': dns1035Label,
  'rbac.authorization.k8s.io/roles': pathSegmentName,
  'rbac.authorization.k8s.io/rolebindings': pathSegmentName,
  'rbac.authorization.k8s.io/clusterroles': pathSegmentName,
  'rbac.authorization.k8s.io/clusterrolebindings': pathSegmentName,
};

/** Follows: validation.ValidateObjectMeta, checklist 1.7.10 to 1.7.12. */
export function validateMetadata({ type }: ServedResource, metadata: ObjectMeta): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { name, labels, annotations, ownerReferences, finalizers } = metadata;
  if (name === undefined || name === '') {
    errors.push(required('metadata.name', 'name or generateName is required'));
  } else {
    const rule = rules[`${type.group}/${type.plural}`] ?? dns1123Subdomain;
    for (const problem of rule(name)) errors.push(invalid('metadata.name', name, problem));
  }
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const problem of qualifiedNameRule(key)) errors.push(invalid('metadata.labels', key, problem));
    for (const problem of labelValue(value)) errors.push(invalid('metadata.labels', value, problem));
  }
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const problem of qualifiedNameRule(key.toLowerCase())) errors.push(invalid('metadata.annotations', key, problem));
    size += key.length + value.length;
  }
  if (size > annotationBytes) {
    errors.push({
      field: 'metadata.annotations',
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${annotationBytes} bytes`,
    });
  }
  let controllers = 0;
  (ownerReferences ?? []).forEach((owner, index) => {
    const at = `metadata.ownerReferences[${index}]`;
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!owner[field]) errors.push(invalid(`${at}.${field}`, owner[field] ?? '', `must not be empty`));
    }
    if (owner.controller === true && ++controllers === 2) {
      errors.push(
        invalid(
          'metadata.ownerReferences',
          owner.name,
          `Only one reference can have Controller set to true. Found "true" in references for ${owner.name}`,
        ),
      );
    }
  });
  for (const finalizer of finalizers ?? []) {
    for (const problem of qualifiedNameRule(finalizer)) errors.push(invalid('metadata.finalizers', finalizer, problem));
  }
  return errors;
}
