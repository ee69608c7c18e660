import { asJson } from '../json/json-value.js';
import { checkOneOf, checkUnchanged } from './rules.js';
import { dns1035Label, dns1123Subdomain } from '../names/name-rules.js';
import { duplicate, invalid, required } from '../fields/field-error.js';
import { checkStructural } from '../schema/structural-check.js';
import type { CustomResourceDefinition } from '../generated/types.js';
import type { FieldError } from '../status.js';

/** Follows: ValidateCustomResourceDefinition. */
export function validateCustomResourceDefinition({ metadata, spec }: CustomResourceDefinition): readonly FieldError[] {
  const errors: FieldError[] = [];
  const names = spec?.names;
  const expected = `${names?.plural ?? ''}.${spec?.group ?? ''}`;
  if (metadata.name !== expected) {
    errors.push(invalid('metadata.name', metadata.name, `must be spec.names.plural+"."+spec.group`));
  }
  if (!spec?.group) errors.push(required('spec.group'));
  else {
    errors.push(...dns1123Subdomain(spec.group).map((text) => invalid('spec.group', spec.group, text)));
    if (!spec.group.includes('.'))
      errors.push(invalid('spec.group', spec.group, 'should be a domain with at least one dot'));
  }
  errors.push(...checkOneOf(spec?.scope, ['Cluster', 'Namespaced'], 'spec.scope'));
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const name = names?.[field];
    if (!name) {
      if (field === 'plural' || field === 'kind') errors.push(required(`spec.names.${field}`));
      continue;
    }
    const problems = dns1035Label(name.toLowerCase());
    errors.push(...problems.map((text) => invalid(`spec.names.${field}`, name, text)));
  }
  const versions = spec?.versions ?? [];
  const seen = new Set<string>();
  versions.forEach((version, index) => {
    const at = `spec.versions[${index}]`;
    errors.push(...dns1035Label(version.name).map((text) => invalid(`${at}.name`, version.name, text)));
    if (seen.has(version.name)) errors.push(duplicate(`${at}.name`, version.name));
    seen.add(version.name);
    const schema = version.schema?.openAPIV3Schema;
    if (schema === undefined) errors.push(required(`${at}.schema.openAPIV3Schema`, 'schemas are required'));
    else errors.push(...checkStructural(asJson(schema), `${at}.schema.openAPIV3Schema`));
  });
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(
      invalid(
        'spec.versions',
        versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    );
  }
  if (spec?.preserveUnknownFields === true) {
    errors.push(invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'));
  }
  const strategy = spec?.conversion?.strategy;
  errors.push(...checkOneOf(strategy, ['None', 'Webhook'], 'spec.conversion.strategy'));
  if (strategy === 'Webhook' && spec?.conversion?.webhook?.clientConfig === undefined) {
    errors.push(required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook'));
  }
  return errors;
}

/** Follows: ValidateCustomResourceDefinitionUpdate: once served, group, kind, plural and scope stay. */
export function validateCustomResourceDefinitionUpdate(
  { spec, status }: CustomResourceDefinition,
  { spec: old, status: oldStatus }: CustomResourceDefinition,
): readonly FieldError[] {
  const errors: FieldError[] = [
    ...checkUnchanged(spec.group, old.group, 'spec.group'),
    ...checkUnchanged(spec.names?.plural, old.names?.plural, 'spec.names.plural'),
  ];
  if (oldStatus?.conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') === true) {
    errors.push(
      ...checkUnchanged(spec.scope, old.scope, 'spec.scope'),
      ...checkUnchanged(spec.names?.kind, old.names?.kind, 'spec.names.kind'),
    );
  }
  const names = new Set((spec.versions ?? []).map(({ name }) => name));
  (status?.storedVersions ?? oldStatus?.storedVersions ?? []).forEach((version, index) => {
    if (!names.has(version)) {
      errors.push(
        invalid(
          `status.storedVersions[${index}]`,
          version,
          'missing from spec.versions; must remove from status.storedVersions',
        ),
      );
    }
  });
  return errors;
}
