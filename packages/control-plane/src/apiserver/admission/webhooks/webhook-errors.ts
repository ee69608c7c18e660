import { fieldOf, isJsonArray, isJsonObject } from '@geobuk/api';
import type { FieldError, Json, JsonObject } from '@geobuk/api';

const refuse = (field: string, message: string): FieldError => ({ field, reason: 'FieldValueInvalid', message });
const listed = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(', ');

function oneOf(value: Json | undefined, allowed: readonly string[], field: string): readonly FieldError[] {
  if (value === undefined || (typeof value === 'string' && allowed.includes(value))) return [];
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${listed(allowed)}`;
  return [{ field, reason: 'FieldValueNotSupported', message }];
}

/** What is wrong with the webhooks of a configuration. Follows: ValidateMutating/ValidatingWebhookConfiguration, 2.8.8. */
export function webhookErrors(configuration: JsonObject): readonly FieldError[] {
  const webhooks = fieldOf(configuration, 'webhooks');
  if (!isJsonArray(webhooks)) return [];
  const seen = new Set<string>();
  return webhooks.flatMap((webhook, i) => {
    if (!isJsonObject(webhook)) return [];
    const path = `webhooks[${i}]`;
    const errors: FieldError[] = [];
    const name = fieldOf(webhook, 'name');
    if (typeof name === 'string') {
      if (name.split('.').filter((part) => part !== '').length < 3)
        errors.push(
          refuse(
            `${path}.name`,
            `Invalid value: ${JSON.stringify(name)}: should be a domain with at least three segments separated by dots`,
          ),
        );
      if (seen.has(name))
        errors.push({
          field: `${path}.name`,
          reason: 'FieldValueDuplicate',
          message: `Duplicate value: ${JSON.stringify(name)}`,
        });
      seen.add(name);
    }
    const { timeoutSeconds } = webhook;
    if (typeof timeoutSeconds === 'number' && (timeoutSeconds < 1 || timeoutSeconds > 30))
      errors.push(
        refuse(
          `${path}.timeoutSeconds`,
          `Invalid value: ${timeoutSeconds}: the timeout value must be between 1 and 30 seconds`,
        ),
      );
    return [
      ...errors,
      ...oneOf(fieldOf(webhook, 'sideEffects'), ['None', 'NoneOnDryRun'], `${path}.sideEffects`),
      ...oneOf(fieldOf(webhook, 'failurePolicy'), ['Fail', 'Ignore'], `${path}.failurePolicy`),
      ...oneOf(fieldOf(webhook, 'matchPolicy'), ['Equivalent', 'Exact'], `${path}.matchPolicy`),
      ...oneOf(fieldOf(webhook, 'reinvocationPolicy'), ['IfNeeded', 'Never'], `${path}.reinvocationPolicy`),
      ...versionErrors(fieldOf(webhook, 'admissionReviewVersions'), `${path}.admissionReviewVersions`),
      ...clientErrors(fieldOf(webhook, 'clientConfig'), `${path}.clientConfig`),
    ];
  });
}

function versionErrors(versions: Json | undefined, field: string): readonly FieldError[] {
  if (!isJsonArray(versions) || versions.length === 0)
    return [
      {
        field,
        reason: 'FieldValueRequired',
        message: 'Required value: must specify one of v1, v1beta1',
      },
    ];
  if (versions.includes('v1') || versions.includes('v1beta1')) return [];
  return [refuse(field, `Invalid value: ${JSON.stringify(versions)}: must include at least one of v1, v1beta1`)];
}

function clientErrors(config: Json | undefined, field: string): readonly FieldError[] {
  if (config === undefined || !isJsonObject(config)) return [];
  const { url, service } = config;
  if ((url === undefined) === (service === undefined))
    return [
      { field, reason: 'FieldValueRequired', message: 'Required value: exactly one of url or service is required' },
    ];
  if (typeof url !== 'string') return [];
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const why =
    parsed === undefined
      ? 'url must be a valid URL'
      : parsed.protocol !== 'https:'
        ? `'https' is the only allowed URL scheme; desired format: https://host[/path]`
        : parsed.username !== ''
          ? 'user information is not permitted in the URL'
          : parsed.hash !== ''
            ? 'fragments are not permitted in the URL'
            : parsed.search !== ''
              ? 'query parameters are not permitted in the URL'
              : undefined;
  return why === undefined ? [] : [refuse(`${field}.url`, `Invalid value: ${JSON.stringify(url)}: ${why}`)];
}
