import { configKey, checkUnchanged } from './rules.js';
import { deepEqual } from '../json/deep-equal.js';
import { forbidden, invalid, required, tooLong } from '../fields/field-error.js';
import { labelValue, qualifiedName } from '../names/name-rules.js';
import type { ConfigMap, Namespace, Node, Secret } from '../generated/types.js';
import type { FieldError } from '../status.js';

const maxDataBytes = 1024 * 1024;
const immutableSet = 'field is immutable when `immutable` is set';

/** Follows: ValidateConfigMap. */
export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): readonly FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...configKey(key).map((text) => invalid(`data[${key}]`, key, text)));
    if (Object.hasOwn(binaryData, key))
      errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...configKey(key).map((text) => invalid(`binaryData[${key}]`, key, text)));
    bytes += Buffer.byteLength(value, 'base64');
  }
  // The object as a whole is too long, so it has no field.
  if (bytes > maxDataBytes) errors.push(tooLong('', maxDataBytes));
  return errors;
}

/** Follows: ValidateConfigMapUpdate. */
export function validateConfigMapUpdate(map: ConfigMap, old: ConfigMap): readonly FieldError[] {
  if (old.immutable !== true) return [];
  const errors: FieldError[] = [];
  if (map.immutable !== true) errors.push(forbidden('immutable', immutableSet));
  if (!deepEqual(map.data ?? {}, old.data ?? {})) errors.push(forbidden('data', immutableSet));
  if (!deepEqual(map.binaryData ?? {}, old.binaryData ?? {})) errors.push(forbidden('binaryData', immutableSet));
  return errors;
}

/** Keys that a type of Secret must have. */
const neededKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/dockercfg', ['.dockercfg']],
  ['kubernetes.io/dockerconfigjson', ['.dockerconfigjson']],
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
]);

/** Follows: ValidateSecret. */
export function validateSecret({ metadata, data = {}, type = '' }: Secret): readonly FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...configKey(key).map((text) => invalid(`data[${key}]`, key, text)));
    bytes += Buffer.byteLength(value, 'base64');
  }
  if (bytes > maxDataBytes) errors.push(tooLong('data', maxDataBytes));
  for (const key of neededKeys.get(type) ?? []) {
    if (!Object.hasOwn(data, key)) errors.push(required(`data[${key}]`));
    else if (key.startsWith('.docker') && !isJson(data[key] ?? '')) {
      errors.push(invalid(`data[${key}]`, '<secret contents redacted>', 'invalid character in JSON'));
    }
  }
  if (type === 'kubernetes.io/basic-auth' && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
    errors.push(required('data[username]'), required('data[password]'));
  }
  const account = 'kubernetes.io/service-account.name';
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[account]) {
    errors.push(required(`metadata.annotations[${account}]`));
  }
  return errors;
}

function isJson(encoded: string): boolean {
  try {
    JSON.parse(Buffer.from(encoded, 'base64').toString());
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Follows: ValidateSecretUpdate. */
export function validateSecretUpdate(secret: Secret, old: Secret): readonly FieldError[] {
  const errors: FieldError[] = [...checkUnchanged(secret.type, old.type, 'type')];
  if (old.immutable !== true) return errors;
  if (secret.immutable !== true) errors.push(forbidden('immutable', immutableSet));
  if (!deepEqual(secret.data ?? {}, old.data ?? {})) errors.push(forbidden('data', immutableSet));
  return errors;
}

/** Follows: ValidateNamespace. */
export const validateNamespace = ({ spec }: Namespace): readonly FieldError[] =>
  (spec?.finalizers ?? []).flatMap((finalizer) =>
    qualifiedName(finalizer).map((text) => invalid('spec.finalizers', finalizer, text)),
  );

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Follows: ValidateNode. */
export function validateNode({ spec }: Node): readonly FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  (spec?.taints ?? []).forEach(({ key, value = '', effect }, index) => {
    const at = `spec.taints[${index}]`;
    errors.push(...qualifiedName(key).map((text) => invalid(`${at}.key`, key, text)));
    errors.push(...labelValue(value).map((text) => invalid(`${at}.value`, value, text)));
    if (!effect) errors.push(required(`${at}.effect`));
    else if (!taintEffects.includes(effect)) {
      errors.push({
        reason: 'FieldValueNotSupported',
        field: `${at}.effect`,
        message: `Unsupported value: ${JSON.stringify(effect)}: supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"`,
      });
    }
    const identity = `${key}:${effect}`;
    if (seen.has(identity)) {
      errors.push({
        reason: 'FieldValueDuplicate',
        field: at,
        message: `Duplicate value: ${JSON.stringify({ key, effect })}: taints must be unique by key and effect pair`,
      });
    }
    seen.add(identity);
  });
  return errors;
}

/** Follows: ValidateNodeUpdate: a node keeps its address range and its provider once it has them. */
export function validateNodeUpdate({ spec }: Node, { spec: old }: Node): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (old?.podCIDR && spec?.podCIDR !== old.podCIDR) {
    errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old?.providerID && spec?.providerID !== old.providerID) {
    errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  return errors;
}
