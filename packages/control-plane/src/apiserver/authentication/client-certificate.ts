import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { ApiError } from '@geobuk/api';
import type { User } from './user.js';

const uidOid = '1.3.6.1.4.1.57683.2';

/** A connection shows its certificate once. */
const known = new WeakMap<Socket, User | undefined>();

/**
 * The user of the connection's client certificate: CN is the name, O are the groups.
 * Follows: checklist 2.1.1. @throws {ApiError} Unauthorized: a certificate of another CA, or one out of date.
 */
export function clientCertificateUser(socket: Socket, now: number): User | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  if (known.has(socket)) return known.get(socket);
  const peer = socket.getPeerCertificate();
  if (peer === null || Object.keys(peer).length === 0) {
    known.set(socket, undefined);
    return undefined;
  }
  if (!socket.authorized) throw ApiError.unauthorized();
  if (Date.parse(peer.valid_to) < now) throw ApiError.unauthorized();
  const { CN, O } = peer.subject as unknown as Record<string, string | readonly string[] | undefined>;
  const name = typeof CN === 'string' ? CN : CN?.[0];
  if (name === undefined || name === '') throw ApiError.unauthorized();
  const uid = (peer.subject as unknown as Record<string, string | undefined>)[uidOid];
  const user: User = {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: O === undefined ? [] : typeof O === 'string' ? [O] : O,
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint(peer.raw)}`] },
  };
  known.set(socket, user);
  return user;
}

const fingerprint = (der: Buffer): string => new X509Certificate(der).fingerprint256.replaceAll(':', '').toLowerCase();
