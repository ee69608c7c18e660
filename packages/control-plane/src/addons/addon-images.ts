import type { KubernetesObject, Node } from '@geobuk/api';
import type { Lister } from '@geobuk/client';
import { containersOf } from './pod-specs.js';

/** Asks whether anything answers at the address of a registry. */
export type RegistryAnswers = (host: string, signal: AbortSignal) => Promise<boolean>;

export interface AddonImagesDeps {
  readonly nodeLister: Lister<Node>;
  readonly registryAnswers: RegistryAnswers;
}

/** Looks for the container images of an addon before anything of it is applied. */
export class AddonImages {
  readonly #deps: AddonImagesDeps;

  constructor(deps: AddonImagesDeps) {
    this.#deps = deps;
  }

  /** Images that no node has and whose registry nobody reaches, so that no pod could start. */
  async missing(objects: readonly KubernetesObject[], signal: AbortSignal): Promise<readonly string[]> {
    const present = new Set(this.#imagesOfNodes().flatMap(({ names }) => names));
    if (present.size === 0) return []; // no node has said yet what it has
    const missing: string[] = [];
    for (const { image = '', imagePullPolicy } of containersOf(objects)) {
      if (image.startsWith('npm:') || missing.includes(image)) continue;
      const { name, host } = canonical(image);
      if (present.has(name)) continue;
      if (imagePullPolicy === 'Never' || !(await this.#deps.registryAnswers(host, signal))) missing.push(image);
    }
    return missing;
  }

  /** Bytes of those images that a node has, each once. */
  sizeOf(objects: readonly KubernetesObject[]): number {
    const wanted = new Set(containersOf(objects).map(({ image = '' }) => canonical(image).name));
    const sizes = new Map<string, number>();
    for (const { names, sizeBytes } of this.#imagesOfNodes()) {
      const name = names.find((candidate) => wanted.has(candidate));
      if (name !== undefined) sizes.set(name, sizeBytes);
    }
    return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #imagesOfNodes(): readonly { readonly names: readonly string[]; readonly sizeBytes: number }[] {
    return this.#deps.nodeLister
      .list()
      .flatMap(({ status }) => status?.images ?? [])
      .map(({ names = [], sizeBytes }) => ({
        names: names.filter((name) => !name.startsWith('npm:')).map((name) => canonical(name).name),
        sizeBytes: sizeBytes ?? 0,
      }));
  }
}

/** The full name of an image and where its registry is. Follows: the reference grammar of OCI distribution. */
export function canonical(image: string): { readonly name: string; readonly host: string } {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const hasHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const host = hasHost ? first : 'docker.io';
  const path = hasHost ? image.slice(slash + 1) : slash < 0 ? `library/${image}` : image;
  const tagged = path.includes('@') || path.lastIndexOf(':') > path.lastIndexOf('/') ? path : `${path}:latest`;
  return { name: `${host}/${tagged}`, host: host === 'docker.io' ? 'registry-1.docker.io' : host };
}

const askTimeoutMs = 3_000;

/** Any answer counts, also a refusal: what it means is the node's to find out when it pulls. */
export const askRegistry: RegistryAnswers = async (host, signal) => {
  try {
    const answer = await fetch(`https://${host}/v2/`, {
      signal: AbortSignal.timeout(askTimeoutMs),
      redirect: 'manual',
    });
    await answer.body?.cancel();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    // A registry of the cluster's own may have a certificate that only the nodes know, or none: something answered.
    const { code = '' } = ((error as Error).cause ?? {}) as { readonly code?: string };
    return /CERT|SSL|TLS|SELF_SIGNED/.test(code);
  }
};
