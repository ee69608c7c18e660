import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isJsonArray, isJsonObject } from '@geobuk/api';
import type { Json, JsonObject } from '@geobuk/api';
import { ConfigError } from '../../../config.js';
import { onDemand } from '../../../on-demand.js';
import { isLevel } from './pod-security-level.js';
import type { Level } from './pod-security-level.js';

export const modes = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof modes)[number];

export interface Policy {
  readonly level: Level;
  /** `latest` or `v1.x`. */
  readonly version: string;
}

export const versionForm = /^(latest|v1\.\d+)$/;

/** What namespaces without labels get, and whom nothing of it concerns. Follows: PodSecurityConfiguration. */
export interface PodSecurityConfig {
  readonly defaults: Readonly<Record<Mode, Policy>>;
  readonly exemptions: {
    readonly usernames: ReadonlySet<string>;
    readonly runtimeClasses: ReadonlySet<string>;
    readonly namespaces: ReadonlySet<string>;
  };
}

const privileged: Policy = { level: 'privileged', version: 'latest' };

export const noPodSecurityConfig: PodSecurityConfig = {
  defaults: { enforce: privileged, audit: privileged, warn: privileged },
  exemptions: { usernames: new Set(), runtimeClasses: new Set(), namespaces: new Set() },
};

/** The part of an AdmissionConfiguration that is about PodSecurity. @throws {ConfigError} it cannot be used. */
export function readPodSecurityConfig(file: string): PodSecurityConfig {
  const fail = (why: string, cause?: unknown): never => {
    throw new ConfigError(`--admission-control-config-file ${file}: ${why}`, { cause });
  };
  const read = (path: string): JsonObject => {
    let value: Json;
    try {
      value = onDemand.yaml.parse(readFileSync(path, 'utf8'), { version: '1.1' }) as Json;
    } catch (cause) {
      return fail((cause as Error).message.split('\n', 1)[0] ?? 'cannot be read', cause);
    }
    return isJsonObject(value) ? value : fail(`${path} is no object`);
  };
  const whole = read(file);
  if (whole['kind'] !== 'AdmissionConfiguration' || !String(whole['apiVersion']).startsWith('apiserver.config.k8s.io/'))
    return fail('must be apiVersion apiserver.config.k8s.io/v1, kind AdmissionConfiguration');
  const plugins = whole['plugins'] ?? [];
  if (!isJsonArray(plugins)) return fail('plugins must be a list');
  let found: PodSecurityConfig = noPodSecurityConfig;
  for (const plugin of plugins) {
    if (!isJsonObject(plugin)) return fail('plugins must be objects');
    if (plugin['name'] !== 'PodSecurity')
      return fail(`plugin ${JSON.stringify(plugin['name'])} cannot be configured here; leave it out`);
    const path = plugin['path'];
    const own = typeof path === 'string' && path !== '' ? read(resolve(dirname(file), path)) : plugin['configuration'];
    if (!isJsonObject(own)) return fail('PodSecurity needs a configuration or a path');
    found = configOf(own, fail);
  }
  return found;
}

function configOf(own: JsonObject, fail: (why: string) => never): PodSecurityConfig {
  if (own['kind'] !== 'PodSecurityConfiguration') return fail('PodSecurity needs kind PodSecurityConfiguration');
  const defaults = isJsonObject(own['defaults']) ? own['defaults'] : {};
  const exemptions = isJsonObject(own['exemptions']) ? own['exemptions'] : {};
  const policyOf = (mode: Mode): Policy => {
    const level = defaults[mode] ?? 'privileged';
    const version = defaults[`${mode}-version`] ?? 'latest';
    if (typeof level !== 'string' || !isLevel(level))
      return fail(`defaults.${mode}: ${JSON.stringify(level)} must be one of privileged, baseline, restricted`);
    if (typeof version !== 'string' || !versionForm.test(version))
      return fail(`defaults.${mode}-version: ${JSON.stringify(version)} must be "latest" or "v1.x"`);
    return { level, version };
  };
  const namesOf = (field: string): ReadonlySet<string> => {
    const list = exemptions[field] ?? [];
    if (!isJsonArray(list) || list.some((one) => typeof one !== 'string' || one === ''))
      return fail(`exemptions.${field} must be a list of names`);
    return new Set(list as readonly string[]);
  };
  return {
    defaults: { enforce: policyOf('enforce'), audit: policyOf('audit'), warn: policyOf('warn') },
    exemptions: {
      usernames: namesOf('usernames'),
      runtimeClasses: namesOf('runtimeClasses'),
      namespaces: namesOf('namespaces'),
    },
  };
}
