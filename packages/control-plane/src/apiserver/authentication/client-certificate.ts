import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ApiError } from '@geobuk/api';
import type { User } from './user.js';

const uidOid = '1.3.6.1.4.1.57683.2';
/** Who may speak for others. Follows: requestheader-allowed-names of extension-apiserver-authentication. */
const frontProxyNames = new Set(['front-proxy-client']);

/** Whom the certificate of a connection shows. */
export type CertificateHolder =
  | { readonly kind: 'user'; readonly user: User; readonly validTo: number }
  | { readonly kind: 'front proxy'; readonly validTo: number };

/** A connection shows its certificate once. */
const known = new WeakMap<Socket, CertificateHolder | undefined>();

export interface CertificateAuthorities {
  /** PEM of the CA whose certificates are those of front proxies. */
  readonly frontProxies: string;
}

/**
 * The holder of the connection's client certificate: CN is the name, O are the groups. Looked at again at each request:
 * a connection may outlive its certificate.
 * Follows: checklist 2.1.1 and 2.1.2. @throws {ApiError} Unauthorized: a certificate of another CA, or one out of date.
 */
export function certificateHolder(
  socket: Socket,
  authorities: CertificateAuthorities,
  now: number,
): CertificateHolder | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  if (!known.has(socket)) known.set(socket, holderOf(socket, authorities));
  const holder = known.get(socket);
  if (holder !== undefined && holder.validTo < now) throw ApiError.unauthorized();
  return holder;
}

function holderOf(socket: TLSSocket, { frontProxies }: CertificateAuthorities): CertificateHolder | undefined {
  const peer = socket.getPeerCertificate();
  if (peer === null || Object.keys(peer).length === 0) return undefined;
  if (!socket.authorized) throw ApiError.unauthorized();
  const validTo = Date.parse(peer.valid_to);
  const { CN, O } = peer.subject as unknown as Record<string, string | readonly string[] | undefined>;
  const name = typeof CN === 'string' ? CN : CN?.[0];
  if (name === undefined || name === '') throw ApiError.unauthorized();
  const certificate = new X509Certificate(peer.raw);
  const ofProxies = new X509Certificate(frontProxies);
  if (certificate.checkIssued(ofProxies) && certificate.verify(ofProxies.publicKey)) {
    if (!frontProxyNames.has(name)) throw ApiError.unauthorized();
    return { kind: 'front proxy', validTo };
  }
  const uid = (peer.subject as unknown as Record<string, string | undefined>)[uidOid];
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  const user: User = {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: O === undefined ? [] : typeof O === 'string' ? [O] : O,
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
  };
  return { kind: 'user', user, validTo };
}
