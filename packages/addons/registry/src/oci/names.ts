/** Follows: OCI Distribution Specification 1.1: names of repositories, tags and digests. */
const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repository = new RegExp(`^${part}(?:/${part})*$`);
const tag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const digest = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

export const isRepository = (text: string): boolean => text.length <= 255 && repository.test(text);
export const isTag = (text: string): boolean => tag.test(text);

declare const checked: unique symbol;
/** `<algorithm>:<hex>`, checked: safe as a part of a path. */
export type Digest = string & { readonly [checked]: true };

export const isDigest = (text: string): text is Digest => digest.test(text);

export const splitDigest = (text: Digest): { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string } => {
  const [algorithm, hex] = text.split(':') as ['sha256' | 'sha512', string];
  return { algorithm, hex };
};

/** As a file name. */
export const digestFile = (text: Digest): string => text.replace(':', '-');
export const digestOfFile = (name: string): Digest | undefined => {
  const text = name.replace('-', ':');
  return isDigest(text) ? text : undefined;
};
