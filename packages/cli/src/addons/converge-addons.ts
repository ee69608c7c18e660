import { readFileSync } from 'node:fs';
import type { Addon, AddonSource, AddonSpec } from '@geobuk/api';
import {
  addons,
  apiVersionOf,
  asJson,
  deepEqual,
  ignoring,
  isAlreadyExists,
  isConflict,
  isNotFound,
} from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { moduleRoots } from '../addon-packages.js';
import { CliError } from '../cli-error.js';
import type { AddonWish } from '../cluster-config.js';
import { inspectSource, uploadArchive } from './addon-source.js';

/** Holds what the file said last, so that its own changes can be told from those of people. */
export const fileAnnotation = 'addons.geobuk.dev/config-file';

/** A wish whose package, if it names a file, is in the cluster. */
export type ResolvedWish = Omit<AddonWish, 'source'> & { readonly source?: AddonSource | undefined };

const attempts = 10;
const fieldManager = 'geobuk-config';

/**
 * Brings the addons to what a file says: everything at first, later only what is new in the file. What people changed
 * meanwhile, and the file says as before, stays theirs.
 * @throws {CliError} a package of the file is not to be had.
 */
export async function convergeAddons(
  client: Client,
  wishes: readonly AddonWish[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const wish of wishes) {
    const resolved = await withPackage(client, wish, signal);
    if (await converge(client, resolved, signal)) say(`addon ${wish.name} set as the file says`);
  }
}

async function converge(client: Client, wish: ResolvedWish, signal: AbortSignal): Promise<boolean> {
  const options = { signal, fieldManager };
  for (let attempt = 1; ; attempt += 1) {
    const live = await client.read(addons, { name: wish.name }, { signal }).catch(ignoring(isNotFound));
    const next = convergedAddon(live, wish);
    if (next === live) return false;
    try {
      await (live === undefined ? client.create(addons, next, options) : client.update(addons, next, options));
      return true;
    } catch (error) {
      // Somebody else was faster: the reconciler, which makes an object of every package, or a person.
      if (attempt >= attempts || !(isConflict(error) || isAlreadyExists(error))) throw error;
    }
  }
}

/** The addon as the file wants it; the same object when there is nothing to change. Pure. */
export function convergedAddon(live: Addon | undefined, wish: ResolvedWish): Addon {
  const { name, ...said } = wish;
  const text = JSON.stringify(asJson(said));
  if (live === undefined) {
    const metadata = { name, annotations: { [fileAnnotation]: text } };
    return {
      apiVersion: apiVersionOf(addons),
      kind: addons.kind,
      metadata,
      spec: asJson(said) as unknown as AddonSpec,
    };
  }
  const before = live.metadata.annotations?.[fileAnnotation];
  if (before === text) return live;
  const last = (before === undefined ? {} : JSON.parse(before)) as Partial<ResolvedWish>;
  const config = newIn(said.config, last.config, live.spec.config);
  const spec = {
    ...newIn<Partial<AddonSpec>>(said, last, live.spec),
    ...(Object.keys(config).length === 0 && live.spec.config === undefined ? {} : { config }),
  };
  const annotations = { ...live.metadata.annotations, [fileAnnotation]: text };
  return { ...live, metadata: { ...live.metadata, annotations }, spec: asJson(spec) as unknown as AddonSpec };
}

/** `live` with the fields that differ between what was said last and what is said now. */
function newIn<T extends object>(said: T | undefined, last: Partial<T> | undefined, live: Partial<T> | undefined): T {
  const next: Record<string, unknown> = { ...live };
  const [now, then] = [said, last].map((one) => (one ?? {}) as Readonly<Record<string, unknown>>) as [
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
  ];
  for (const key of new Set([...Object.keys(now), ...Object.keys(then)])) {
    if (deepEqual(now[key], then[key])) continue;
    if (now[key] !== undefined) next[key] = now[key];
    else if (deepEqual(next[key], then[key])) delete next[key]; // the file took back what nobody else changed
  }
  return next as T;
}

async function withPackage(client: Client, wish: AddonWish, signal: AbortSignal): Promise<ResolvedWish> {
  const { source } = wish;
  if (source === undefined || !('file' in source)) return { ...wish, source };
  const { file, allow } = source;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const message = `addon ${wish.name}: cannot read ${file}: ${(cause as Error).message}: make it with npm pack`;
    throw new CliError(message, 1, { cause });
  }
  const options = { what: file, config: wish.config ?? {}, moduleRoots: moduleRoots(), signal };
  const found = await inspectSource(bytes, options);
  if (found.facts.name !== wish.name)
    throw new CliError(`${file} is the addon ${found.facts.name}, not ${wish.name}: mend the configuration file`);
  await uploadArchive(client, found, bytes, signal);
  const { manifest, integrity } = found;
  const exact = { package: manifest.name, version: manifest.version, integrity };
  return { ...wish, source: { ...exact, ...(allow === undefined ? {} : { allow }) } };
}
