import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { DataDirectory } from './data-directory.js';
import type { NetworkRanges } from './network-ranges.js';
import { chooseNetworkRanges } from './network-ranges.js';
import { CliError } from './cli-error.js';

/** What was chosen at a cluster's first start and must not change afterwards. */
export interface ClusterChoices extends NetworkRanges {
  readonly clusterDomain: string;
  /** The first eight hex digits of the kube-system namespace's uid, in the names of links and tables; known once the API has answered. */
  readonly id?: string | undefined;
}

function readChoices(file: string): ClusterChoices | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CliError(`cannot read ${file}: ${(error as Error).message}: check its permissions`, 1, { cause: error });
  }
  try {
    const value = JSON.parse(text) as ClusterChoices;
    if (
      typeof value.podCIDR === 'string' &&
      typeof value.serviceCIDR === 'string' &&
      typeof value.clusterDomain === 'string'
    )
      return value;
  } catch {
    // said below
  }
  throw new CliError(
    `${file} is damaged: it must hold podCIDR, serviceCIDR and clusterDomain: restore it from a backup`,
  );
}

/**
 * The networks and domain of this cluster: as chosen before, else as asked for, else what is free on this machine.
 * @throws {CliError} the directory cannot be written, or a flag contradicts what the cluster was made with.
 */
export function clusterChoices(directory: DataDirectory, asked: Partial<ClusterChoices>): ClusterChoices {
  try {
    mkdirSync(directory.path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CliError(
      `cannot create ${directory.path}: ${(error as Error).message}: choose another --data-dir or mend its permissions`,
      1,
      { cause: error },
    );
  }
  const known = readChoices(directory.runFile);
  if (known !== undefined) {
    for (const field of ['podCIDR', 'serviceCIDR', 'clusterDomain'] as const) {
      const value = asked[field];
      if (value !== undefined && value !== known[field]) {
        throw new CliError(
          `${field} of this cluster is ${known[field]} and cannot become ${value}: use another --data-dir`,
          2,
        );
      }
    }
    return known;
  }
  const free = chooseNetworkRanges(readRoutes());
  const choices: ClusterChoices = {
    podCIDR: asked.podCIDR ?? free.podCIDR,
    serviceCIDR: asked.serviceCIDR ?? free.serviceCIDR,
    clusterDomain: asked.clusterDomain ?? 'cluster.local',
  };
  try {
    write(directory.runFile, choices);
  } catch (error) {
    throw new CliError(
      `cannot write ${directory.runFile}: ${(error as Error).message}: choose another --data-dir or free space`,
      1,
      {
        cause: error,
      },
    );
  }
  return choices;
}

/** Remembers which cluster lives here, so that `reset` knows what it called its links and tables. */
export function rememberClusterId(directory: DataDirectory, id: string): void {
  const known = readChoices(directory.runFile);
  if (known !== undefined && known.id !== id) write(directory.runFile, { ...known, id });
}

/** The id of the cluster in a directory, if it has ever answered. */
export const clusterId = (directory: DataDirectory): string | undefined => readChoices(directory.runFile)?.id;

function write(file: string, choices: ClusterChoices): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(choices, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function readRoutes(): string {
  try {
    return readFileSync('/proc/net/route', 'utf8');
  } catch {
    return ''; // not Linux: nothing to step aside for
  }
}
