import { deepEqual } from '../json/deep-equal.js';
import { invalid, immutable, notSupported, required } from '../fields/field-error.js';
import { patternText, labelValue, qualifiedName } from '../names/name-rules.js';
import type { FieldError } from '../status.js';
import type { LabelSelector } from '../generated/types.js';
import type { NameRule } from '../names/name-rules.js';

export const notNegative = 'must be greater than or equal to 0';
export const portRange = 'must be between 1 and 65535, inclusive';

export function checkNotNegative(value: number | undefined, field: string): readonly FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, notNegative)] : [];
}

export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65535;

/** A port by number or by name. */
export function checkPort(port: number | string | undefined, field: string): readonly FieldError[] {
  if (port === undefined) return [required(field)];
  if (typeof port === 'number') return isPort(port) ? [] : [invalid(field, port, portRange)];
  return portName(port).map((text) => invalid(field, port, text));
}

/** Names of ports. Follows: IsValidPortName. */
export const portName: NameRule = (name) => {
  const problems: string[] = [];
  if (name.length > 15) problems.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(name))
    problems.push('must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)');
  if (name.includes('--')) problems.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
};

/** A required name that follows a rule. */
export function checkName(name: string | undefined, rule: NameRule, field: string): readonly FieldError[] {
  if (name === undefined || name === '') return [required(field)];
  return rule(name).map((text) => invalid(field, name, text));
}

/** A value of a closed set. */
export function checkOneOf(
  value: string | undefined,
  supported: readonly string[],
  field: string,
): readonly FieldError[] {
  if (value === undefined || value === '') return [required(field)];
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

/** The same where leaving it out is fine. */
export function checkOptionalOneOf(
  value: string | undefined,
  supported: readonly string[],
  field: string,
): readonly FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

export function checkUnchanged(value: unknown, old: unknown, field: string): readonly FieldError[] {
  return deepEqual(value, old) ? [] : [immutable(field, value)];
}

/** Keys of ConfigMaps and Secrets. Follows: IsConfigMapKey. */
export const configKey: NameRule = (key) => {
  const problems: string[] = [];
  if (key.length > 253) problems.push('must be no more than 253 characters');
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    problems.push(
      patternText(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        '[-._a-zA-Z0-9]+',
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  }
  if (key === '.' || key === '..') problems.push(`must not be '${key}'`);
  else if (key.startsWith('..')) problems.push("must not start with '..'");
  return problems;
};

/** Follows: ValidateLabelSelector. */
export function checkLabelSelector(selector: LabelSelector | undefined, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    errors.push(...qualifiedName(key).map((text) => invalid(`${path}.matchLabels`, key, text)));
    errors.push(...labelValue(value).map((text) => invalid(`${path}.matchLabels`, value, text)));
  }
  (selector?.matchExpressions ?? []).forEach(({ key, operator, values }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const count = values?.length ?? 0;
    if (operator === 'In' || operator === 'NotIn') {
      if (count === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (count > 0) {
        errors.push({
          reason: 'FieldValueForbidden',
          field: `${at}.values`,
          message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        });
      }
    } else errors.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'));
    errors.push(...qualifiedName(key).map((text) => invalid(`${at}.key`, key, text)));
    (values ?? []).forEach((value, valueIndex) => {
      errors.push(...labelValue(value).map((text) => invalid(`${at}.values[${valueIndex}]`, value, text)));
    });
  });
  return errors;
}

/** A count or a percentage. Follows: ValidatePositiveIntOrPercent. */
export function checkCountOrPercent(value: number | string | undefined, field: string): readonly FieldError[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return checkNotNegative(value, field);
  if (/^[0-9]+%$/.test(value)) return [];
  return [
    invalid(
      field,
      value,
      patternText("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%'),
    ),
  ];
}

/** No percentage over a hundred. */
export function checkAtMostAll(value: number | string | undefined, field: string): readonly FieldError[] {
  const percent = typeof value === 'string' ? /^([0-9]+)%$/.exec(value)?.[1] : undefined;
  return percent !== undefined && Number(percent) > 100 ? [invalid(field, value, 'must not be greater than 100%')] : [];
}

/** IPv4 or IPv6 in any spelling. */
export function checkIp(ip: string, field: string, isIp: (text: string) => number): readonly FieldError[] {
  return isIp(ip) === 0 ? [invalid(field, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : [];
}
