import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../config.js';
import type { ControlPlaneConfig } from '../config.js';
import { parseSchedulerConfig } from './parse-scheduler-config.js';
import type { ExtenderConfig, KubeSchedulerConfiguration } from './scheduler-config.js';

/** The scheduler's configuration file, with the certificates that it names. @throws {ConfigError} it cannot be followed. */
export async function readSchedulerConfig({
  schedulerConfigFile: path,
  log,
}: Pick<ControlPlaneConfig, 'schedulerConfigFile' | 'log'>): Promise<KubeSchedulerConfiguration | undefined> {
  if (path === undefined) return undefined;
  const { config, withoutEffect } = parseSchedulerConfig(await read(path), path);
  if (withoutEffect.length > 0)
    log.warn({ path, fields: withoutEffect }, 'fields of the scheduler configuration mean nothing here');
  if (config.extenders === undefined) return config;
  const extenders = await Promise.all(config.extenders.map((extender) => withCertificates(extender, dirname(path))));
  return { ...config, extenders };
}

async function withCertificates(extender: ExtenderConfig, directory: string): Promise<ExtenderConfig> {
  const { tlsConfig } = extender;
  if (tlsConfig === undefined) return extender;
  const { certFile, keyFile, caFile, ...rest } = tlsConfig;
  const data = async (given: string | undefined, file: string | undefined): Promise<string | undefined> =>
    given ?? (file === undefined ? undefined : Buffer.from(await read(resolve(directory, file))).toString('base64'));
  return {
    ...extender,
    tlsConfig: {
      ...rest,
      certData: await data(rest.certData, certFile),
      keyData: await data(rest.keyData, keyFile),
      caData: await data(rest.caData, caFile),
    },
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}
