import { asJson } from '../json/json-value.js';
import { checkOneOf, checkUnchanged } from './rules.js';
import { dns1035Label, dns1123Subdomain } from '../names/name-rules.js';
import { duplicate, forbidden, invalid, required } from '../fields/field-error.js';
import { checkStructural } from '../schema/structural-check.js';
import { checkApproval, validateVersionParts } from './custom-resource-version.js';
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
    errors.push(...checkApproval(spec.group, metadata.annotations));
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
    errors.push(...validateVersionParts(version, at));
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
  errors.push(...checkConversion(spec?.conversion));
  return errors;
}

type Conversion = NonNullable<CustomResourceDefinition['spec']>['conversion'];

function checkConversion(conversion: Conversion): readonly FieldError[] {
  const at = 'spec.conversion';
  const errors = [...checkOneOf(conversion?.strategy, ['None', 'Webhook'], `${at}.strategy`)];
  const webhook = conversion?.webhook;
  if (conversion?.strategy === 'None' && webhook !== undefined) {
    errors.push(forbidden(`${at}.webhook`, 'should not be set when strategy is not set to Webhook'));
  }
  if (conversion?.strategy !== 'Webhook') return errors;
  if (webhook?.clientConfig === undefined) {
    errors.push(required(`${at}.webhook.clientConfig`, 'required when strategy is set to Webhook'));
  } else errors.push(...checkClient(webhook.clientConfig, `${at}.webhook.clientConfig`));
  const versions = webhook?.conversionReviewVersions ?? [];
  const field = `${at}.webhook.conversionReviewVersions`;
  if (versions.length === 0) errors.push(required(field));
  else {
    versions.forEach((version, index) => {
      errors.push(...dns1035Label(version).map((text) => invalid(`${field}[${index}]`, version, text)));
      if (versions.indexOf(version) < index) errors.push(duplicate(`${field}[${index}]`, version));
    });
    if (!versions.some((version) => version === 'v1' || version === 'v1beta1'))
      errors.push(invalid(field, versions, 'must include at least one of v1, v1beta1'));
  }
  return errors;
}

type ClientConfig = NonNullable<NonNullable<NonNullable<Conversion>['webhook']>['clientConfig']>;

function checkClient({ url, service }: ClientConfig, at: string): readonly FieldError[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(at, 'exactly one of url or service is required')];
  }
  const errors: FieldError[] = [];
  if (url !== undefined) {
    const detail = 'url must be an https URL with a host, without user, query and fragment, such as https://host/path';
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    const isPlain =
      parsed?.protocol === 'https:' &&
      parsed.username === '' &&
      parsed.password === '' &&
      parsed.search === '' &&
      parsed.hash === '';
    if (!isPlain) errors.push(invalid(`${at}.url`, url, detail));
  }
  if (service !== undefined) {
    if (!service.name) errors.push(required(`${at}.service.name`, 'service name is required'));
    if (!service.namespace) errors.push(required(`${at}.service.namespace`, 'service namespace is required'));
    const { path, port = 443 } = service;
    if (path !== undefined && path !== '' && !path.startsWith('/')) {
      errors.push(invalid(`${at}.service.path`, path, "must start with a '/'"));
    }
    if (port < 1 || port > 65_535) {
      errors.push(invalid(`${at}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'));
    }
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
