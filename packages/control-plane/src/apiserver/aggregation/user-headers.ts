import type { OutgoingHttpHeaders } from 'node:http';
import type { User } from '../authentication/user.js';

const names = /^x-remote-(user|group|uid|extra-.*)$/;

/** What an aggregated server is told about who asks; what the client said about that is dropped. Follows: checklist 3.5.3. */
export function withUserHeaders(
  headers: OutgoingHttpHeaders,
  { name, groups, uid, extra = {} }: User,
): OutgoingHttpHeaders {
  const kept = Object.fromEntries(Object.entries(headers).filter(([header]) => !names.test(header)));
  return {
    ...kept,
    'x-remote-user': name,
    'x-remote-group': [...groups],
    ...(uid === undefined ? {} : { 'x-remote-uid': uid }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`x-remote-extra-${encodeURIComponent(key)}`, [...values]]),
    ),
  };
}
