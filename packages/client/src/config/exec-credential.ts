import { spawn } from 'node:child_process';
import { systemClock } from '../clock.js';
import type { Clock } from '../clock.js';
import { ConfigError } from './cluster-config.js';
import type { Credentials, Proof } from './credentials.js';

/** `users[].user.exec` of a kubeconfig. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint?: string | undefined;
  readonly interactive: boolean;
  /** Told to the plugin when it wants to know: `spec.cluster`. */
  readonly cluster?: Readonly<Record<string, unknown>> | undefined;
}

const supported = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** A plugin may open a browser and wait for a person, but not for ever. */
const pluginTimeoutMs = 5 * 60_000;
const outputLimitBytes = 1 << 20;

/**
 * Credentials that a program prints.
 * Follows: client-go exec credential plugins (ExecCredential v1 and v1beta1; kept until they expire, or until a 401).
 */
export function execCredentials(plugin: ExecPlugin, clock: Clock = systemClock): Credentials {
  if (!supported.includes(plugin.apiVersion)) {
    throw new ConfigError(`exec plugin ${plugin.command}: apiVersion ${plugin.apiVersion} is not supported, use v1`);
  }
  let kept: { readonly proof: Proof; readonly until: number } | undefined;
  let running: Promise<Proof> | undefined;

  const fetch = async (signal: AbortSignal): Promise<Proof> => {
    const output = await runPlugin(plugin, signal);
    const { proof, until } = parseExecCredential(plugin, output);
    kept = { proof, until };
    return proof;
  };

  return {
    current: ({ signal }) => {
      if (kept !== undefined && clock.now() < kept.until) return Promise.resolve(kept.proof);
      // Many requests at once ask the plugin once.
      running ??= fetch(signal).finally(() => {
        running = undefined;
      });
      return running;
    },
    refused: () => {
      kept = undefined;
    },
  };
}

/** @throws {ConfigError} what is not an ExecCredential with something in it. */
export function parseExecCredential(
  { command, apiVersion }: Pick<ExecPlugin, 'command' | 'apiVersion'>,
  output: string,
): { readonly proof: Proof; readonly until: number } {
  const bad = (why: string, cause?: unknown): ConfigError =>
    new ConfigError(`exec plugin ${command} ${why}`, cause === undefined ? undefined : { cause });
  let credential: Readonly<Record<string, unknown>>;
  try {
    credential = JSON.parse(output) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw bad('printed no JSON', error);
  }
  if (credential['kind'] !== 'ExecCredential') throw bad('printed no ExecCredential');
  if (credential['apiVersion'] !== apiVersion) {
    throw bad(`printed ${String(credential['apiVersion'])} instead of ${apiVersion}`);
  }
  const status = (credential['status'] ?? {}) as Readonly<Record<string, string | undefined>>;
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  if (token === undefined && (cert === undefined || key === undefined))
    throw bad('printed neither token nor certificate');
  const until = expirationTimestamp === undefined ? Infinity : Date.parse(expirationTimestamp);
  if (Number.isNaN(until)) throw bad(`printed an expirationTimestamp that is no time: ${String(expirationTimestamp)}`);
  return {
    proof: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
    },
    until,
  };
}

function runPlugin(plugin: ExecPlugin, signal: AbortSignal): Promise<string> {
  const { apiVersion, command, args, env, interactive, cluster, installHint } = plugin;
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(cluster === undefined ? {} : { cluster }) },
  };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      // The plugin's environment is ours and what the kubeconfig adds; nothing of it is configuration to us.
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
      signal,
      timeout: pluginTimeoutMs,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > outputLimitBytes) child.kill();
      else chunks.push(chunk);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason as Error);
      else {
        const hint = error.code === 'ENOENT' && installHint !== undefined ? `; ${installHint}` : '';
        reject(new ConfigError(`exec plugin ${command} cannot be run: ${error.message}${hint}`, { cause: error }));
      }
    });
    child.on('close', (code, killedBy) => {
      if (code === 0 && size <= outputLimitBytes) resolve(Buffer.concat(chunks).toString('utf8'));
      else
        reject(new ConfigError(`exec plugin ${command} failed with ${code === null ? killedBy : `exit code ${code}`}`));
    });
  });
}
