import type { ConfigMap, Container, EnvVar, Pod, Secret } from '@geobuk/api';
import { expand } from './expansion.js';
import { podField, resourceField } from './field-ref.js';
import type { DownwardFacts } from './field-ref.js';
import type { EnvEntry } from './service-env.js';

/** Objects an environment refers to; `undefined` where there is none of that name. */
export interface EnvSources {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
}

/** Something the environment needs is missing or unknown: the container cannot be configured now. */
export class EnvError extends Error {
  override readonly name = 'EnvError';
}

export interface ContainerEnv {
  readonly env: readonly EnvEntry[];
  /** Keys that are no variable names, by source: left out, and told of. */
  readonly skipped: readonly { readonly source: string; readonly keys: readonly string[] }[];
}

const variableName = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

const textOf = (secret: Secret, key: string): string | undefined => {
  const encoded = secret.data?.[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
};

/**
 * The variables of one container: envFrom, then env in order, over what Services and the node give; later ones win.
 * Follows: makeEnvironmentVariables.
 * @throws {EnvError} a ConfigMap, Secret or key that is not there and not optional.
 */
export function containerEnv(
  pod: Pod,
  container: Container,
  given: readonly EnvEntry[],
  sources: EnvSources,
  facts: DownwardFacts,
): ContainerEnv {
  const namespace = pod.metadata.namespace ?? '';
  const result = new Map<string, string>();
  const services = new Map(given.map(({ name, value }) => [name, value]));
  const skipped: { source: string; keys: string[] }[] = [];

  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const reference = configMapRef ?? secretRef;
    if (reference === undefined) continue;
    const name = reference.name ?? '';
    const kind = configMapRef === undefined ? 'secret' : 'configmap';
    const source = configMapRef === undefined ? sources.secret(name) : sources.configMap(name);
    if (source === undefined) {
      if (reference.optional === true) continue;
      throw new EnvError(`${kind} "${name}" not found`);
    }
    const bad: string[] = [];
    for (const key of Object.keys(source.data ?? {})) {
      const variable = prefix + key;
      if (!variableName.test(variable)) bad.push(variable);
      else {
        const value = configMapRef === undefined ? textOf(source as Secret, key) : source.data?.[key];
        result.set(variable, value ?? '');
      }
    }
    if (bad.length > 0) {
      skipped.push({
        source: `${configMapRef === undefined ? 'secret' : 'configMap'} "${namespace}"/"${name}"`,
        keys: bad.sort(),
      });
    }
  }

  for (const variable of container.env ?? []) {
    const value = valueOf(variable);
    if (value !== undefined) result.set(variable.name, value);
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value);
  return { env: [...result].map(([name, value]) => ({ name, value })), skipped };

  function valueOf({ value, valueFrom }: EnvVar): string | undefined {
    if (valueFrom === undefined) return expand(value ?? '', (name) => result.get(name) ?? services.get(name));
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
    if (fieldRef !== undefined) return podField(pod, fieldRef.fieldPath, facts);
    if (resourceFieldRef !== undefined) {
      const { containerName } = resourceFieldRef;
      const named = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
        ({ name }) => name === containerName,
      );
      return resourceField(named ?? container, resourceFieldRef, facts);
    }
    if (configMapKeyRef !== undefined) {
      const { name = '', key, optional } = configMapKeyRef;
      const map = sources.configMap(name);
      const binary = map?.binaryData?.[key];
      const found = map?.data?.[key] ?? (binary === undefined ? undefined : Buffer.from(binary, 'base64').toString());
      return required(found, 'configmap', map !== undefined, name, key, optional);
    }
    if (secretKeyRef !== undefined) {
      const { name = '', key, optional } = secretKeyRef;
      const secret = sources.secret(name);
      const found = secret === undefined ? undefined : textOf(secret, key);
      return required(found, 'secret', secret !== undefined, name, key, optional);
    }
    return undefined;
  }

  function required(
    found: string | undefined,
    kind: 'configmap' | 'secret',
    exists: boolean,
    name: string,
    key: string,
    optional: boolean | undefined,
  ): string | undefined {
    if (found !== undefined || optional === true) return found;
    if (!exists) throw new EnvError(`${kind} "${name}" not found`);
    throw new EnvError(
      `couldn't find key ${key} in ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${namespace}/${name}`,
    );
  }
}
