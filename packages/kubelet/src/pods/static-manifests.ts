import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultObject, ignoring, pods } from '@geobuk/api';
import type { Pod } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import { parse } from 'yaml';

export const staticAnnotations = {
  source: 'kubernetes.io/config.source',
  hash: 'kubernetes.io/config.hash',
  seen: 'kubernetes.io/config.seen',
  mirror: 'kubernetes.io/config.mirror',
} as const;

export interface StaticManifestsDeps {
  readonly directory: string;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** All of them, whenever one changed. */
  readonly changed: (pods: readonly Pod[]) => void;
}

/** An editor writes a file in several steps. */
const settleMs = 100;
const largestBytes = 1 << 20;

/**
 * A pod as a manifest describes it, made this node's own: its name ends with the node's, its uid is made from the content.
 * Follows: config.applyDefaults of static pods. @throws {Error} it is no pod.
 */
export function staticPod(text: string, nodeName: string, seenAt: string): Pod {
  const given = parse(text) as Partial<Pod> | null;
  const { name } = given?.metadata ?? {};
  if (given?.kind !== 'Pod' || given.apiVersion !== 'v1') throw new Error('it is no Pod of v1');
  if (name === undefined || !Array.isArray(given.spec?.containers))
    throw new Error('a pod needs a name and containers');
  const uid = createHash('sha256').update(`${nodeName}\0${text}`).digest('hex').slice(0, 32);
  const { metadata, spec } = defaultObject(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: given.metadata ?? {},
    spec: given.spec,
  } as Pod);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name: `${name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace ?? 'default',
      uid,
      annotations: {
        ...metadata.annotations,
        [staticAnnotations.source]: 'file',
        [staticAnnotations.hash]: uid,
        [staticAnnotations.seen]: seenAt,
      },
    },
    // Nobody may evict what belongs to the node.
    spec: {
      ...spec,
      nodeName,
      tolerations: [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
  };
}

/** The pods in a directory of manifests. Follows: static pods from files. */
export class StaticManifests {
  readonly #deps: StaticManifestsDeps;
  readonly #known = new Map<string, { readonly text: string; readonly pod: Pod }>();

  constructor(deps: StaticManifestsDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { directory, clock } = this.#deps;
    await mkdir(directory, { recursive: true, mode: 0o755 });
    let wake = (): void => undefined;
    const watcher = watch(directory, { signal }, () => wake());
    watcher.on('error', () => undefined); // An abort; a directory that is gone shows in the next read.
    try {
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => (wake = resolve));
        await this.read();
        await Promise.race([changed, clock.after(rereadMs, { signal }).catch(() => undefined)]);
        await clock.after(settleMs, { signal }).catch(() => undefined);
      }
    } finally {
      watcher.close();
    }
  }

  /** Once more, now; before pods are looked at, or those of an earlier kubelet would be taken for orphans. */
  async read(): Promise<void> {
    const { directory, nodeName, clock, log, changed } = this.#deps;
    const missing = ignoring((error) => (error as NodeJS.ErrnoException).code === 'ENOENT');
    const files = ((await readdir(directory).catch(missing)) ?? []).filter((file) =>
      /^[^.].*\.(ya?ml|json)$/.test(file),
    );
    let different = false;
    for (const file of this.#known.keys()) if (!files.includes(file)) different = this.#known.delete(file) || different;
    for (const file of files) {
      const text = await readFile(join(directory, file), 'utf8').catch(missing);
      if (text === undefined || text === this.#known.get(file)?.text) continue;
      try {
        if (text.length > largestBytes) throw new Error('it is too large');
        const seenAt = new Date(clock.now()).toISOString();
        this.#known.set(file, { text, pod: staticPod(text, nodeName, seenAt) });
        different = true;
      } catch (error) {
        // What ran from it runs on until the file is right again.
        log.warn({ file, err: error }, 'manifest of a static pod not understood');
      }
    }
    if (different) changed([...this.#known.values()].map(({ pod }) => pod));
  }
}

/** Some file systems report no changes. */
const rereadMs = 20_000;
