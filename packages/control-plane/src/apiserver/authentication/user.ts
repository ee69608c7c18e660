/** Who makes a request. Follows: user.Info. */
export interface User {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Adds the group that everybody has who showed credentials. */
export const authenticated = (user: User): User =>
  user.groups.includes('system:authenticated') ? user : { ...user, groups: [...user.groups, 'system:authenticated'] };

const serviceAccountPrefix = 'system:serviceaccount:';

/** The user of a service account. */
export const serviceAccountUser = (namespace: string, name: string): string =>
  `${serviceAccountPrefix}${namespace}:${name}`;

/** The namespace and name behind a service account's user name. */
export function serviceAccountOf(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!userName.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...more] = userName.slice(serviceAccountPrefix.length).split(':');
  if (namespace === undefined || name === undefined || more.length > 0) return undefined;
  return { namespace, name };
}

/** The node behind `system:node:<name>`, when the user is also of the nodes' group. */
export function nodeOf(user: User): string | undefined {
  if (!user.name.startsWith('system:node:') || !user.groups.includes('system:nodes')) return undefined;
  return user.name.slice('system:node:'.length);
}
