import { CommandError, runCommand } from '@geobuk/addon-sdk';
import type { HistoryEntry } from './helm-release.js';

/** Where a release is, and by whose rights. */
export interface ReleaseRef {
  readonly name: string;
  readonly namespace: string;
  /** Holds who helm acts as. */
  readonly kubeconfig: string;
}

export interface UpgradeOptions {
  /** What helm takes as a chart: a name with a repository, an `oci://` address or a path. */
  readonly chart: string;
  readonly repository?: string | undefined;
  readonly version?: string | undefined;
  readonly valuesFile: string;
  readonly timeoutSeconds: number;
  readonly historyLimit: number;
  readonly createNamespace: boolean;
}

export interface HelmCommandOptions {
  readonly program: string;
  /** For its cache and settings, which are nobody else's. */
  readonly home: string;
  readonly path: string;
}

const shortMs = 60_000;

/** The `helm` binary: each method is one call of it, with arguments and never a shell. Follows: Helm 3. */
export class HelmCommand {
  readonly #options: HelmCommandOptions;

  constructor(options: HelmCommandOptions) {
    this.#options = options;
  }

  /** Newest last; empty where there is no such release. */
  async history(ref: ReleaseRef, limit: number, signal: AbortSignal): Promise<readonly HistoryEntry[]> {
    const args = ['history', ref.name, '--output', 'json', '--max', String(limit)];
    try {
      const entries = JSON.parse(await this.#run(ref, args, shortMs, signal)) as readonly HistoryEntry[];
      return entries.map(({ revision, status, chart, updated, description }) => {
        return { revision, status, chart, updated, description };
      });
    } catch (error) {
      if (error instanceof CommandError && /release: not found/.test(error.stderr)) return [];
      throw error;
    }
  }

  /** Installs where there is nothing yet. @throws {CommandError} helm's own words. */
  async upgrade(ref: ReleaseRef, options: UpgradeOptions, signal: AbortSignal): Promise<void> {
    const { chart, repository, version, valuesFile, timeoutSeconds, historyLimit, createNamespace } = options;
    const args = [
      ...['upgrade', ref.name, chart, '--install', '--wait', '--timeout', `${timeoutSeconds}s`],
      ...['--values', valuesFile, '--history-max', String(historyLimit), '--output', 'json'],
      ...(repository === undefined ? [] : ['--repo', repository]),
      ...(version === undefined || version === '' ? [] : ['--version', version]),
      ...(createNamespace ? ['--create-namespace'] : []),
    ];
    await this.#run(ref, args, (timeoutSeconds + 60) * 1000, signal);
  }

  async rollback(ref: ReleaseRef, revision: number, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    const args = ['rollback', ref.name, String(revision), '--wait', '--timeout', `${timeoutSeconds}s`];
    await this.#run(ref, args, (timeoutSeconds + 60) * 1000, signal);
  }

  /** Fine if it is gone already. */
  async uninstall(ref: ReleaseRef, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    try {
      const args = ['uninstall', ref.name, '--wait', '--timeout', `${timeoutSeconds}s`];
      await this.#run(ref, args, (timeoutSeconds + 60) * 1000, signal);
    } catch (error) {
      if (!(error instanceof CommandError && /release: not found/.test(error.stderr))) throw error;
    }
  }

  /** What the newest revision applied, as YAML. */
  manifest(ref: ReleaseRef, signal: AbortSignal): Promise<string> {
    return this.#run(ref, ['get', 'manifest', ref.name], shortMs, signal);
  }

  #run(ref: ReleaseRef, args: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<string> {
    const { program, home, path } = this.#options;
    const env = {
      PATH: path,
      HOME: home,
      HELM_CACHE_HOME: `${home}/cache`,
      HELM_CONFIG_HOME: `${home}/config`,
      HELM_DATA_HOME: `${home}/data`,
    };
    const where = ['--namespace', ref.namespace, '--kubeconfig', ref.kubeconfig];
    return runCommand(program, [...args, ...where], { signal, timeoutMs, env });
  }
}
