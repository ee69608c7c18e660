import type { IncomingHttpHeaders } from 'node:http';
import type { User } from './user.js';

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  (value === undefined ? [] : typeof value === 'string' ? value.split(',') : value)
    .map((part) => part.trim())
    .filter((part) => part !== '');

const extraPrefix = 'x-remote-extra-';

/** Whom a front proxy names, which has said itself who it is. Follows: request-header authentication, checklist 2.1.2. */
export function frontProxyUser(headers: IncomingHttpHeaders): User | undefined {
  const name = headers['x-remote-user'];
  if (typeof name !== 'string' || name === '') return undefined;
  const uid = headers['x-remote-uid'];
  const extra = Object.keys(headers)
    .filter((header) => header.startsWith(extraPrefix))
    .map((header) => [decoded(header.slice(extraPrefix.length)), list(headers[header])] as const);
  return {
    name,
    groups: list(headers['x-remote-group']),
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // not escaped at all
  }
}
