import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Digest } from '../oci/names.js';
import { isDigest } from '../oci/names.js';
import { RegistryError } from '../oci/registry-error.js';
import type { ContentStore } from '../store/content-store.js';
import type { Repositories } from '../store/repositories.js';

/** One request about one repository, its path understood and its access checked. */
export interface RegistryRequest {
  readonly method: string;
  readonly repository: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Readable;
  readonly contents: ContentStore;
  readonly repositories: Repositories;
  /** Whether the caller may pull from another repository too. */
  readonly mayPull: (repository: string) => Promise<boolean>;
  readonly reply: FastifyReply;
}

export const headerOf = ({ headers }: RegistryRequest, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** @throws {RegistryError} DIGEST_INVALID */
export function digestIn(text: string | null | undefined): Digest {
  if (typeof text !== 'string' || !isDigest(text)) throw new RegistryError('DIGEST_INVALID', 'this is no digest');
  return text;
}

const pageLimit = 1_000;

/** Follows: pagination by `n` and `last` with a Link header. @throws {RegistryError} a bad `n`. */
export function page(
  names: readonly string[],
  { query, reply }: Pick<RegistryRequest, 'query' | 'reply'>,
  path: string,
): readonly string[] {
  const wanted = query.get('n');
  if (wanted !== null && !/^\d{1,9}$/.test(wanted)) throw new RegistryError('UNSUPPORTED', 'n must be a number');
  const last = query.get('last') ?? '';
  const rest = last === '' ? names : names.filter((name) => name > last);
  const count = Math.min(wanted === null ? pageLimit : Number(wanted), pageLimit);
  const shown = rest.slice(0, count);
  const end = shown.at(-1);
  if (shown.length < rest.length && end !== undefined)
    void reply.header('link', `<${path}?n=${count}&last=${encodeURIComponent(end)}>; rel="next"`);
  return shown;
}
