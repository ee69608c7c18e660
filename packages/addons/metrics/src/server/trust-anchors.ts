import { X509Certificate } from 'node:crypto';
import type { ConfigMap } from '@geobuk/api';
import { configMaps } from '@geobuk/api';
import type { Client } from '@geobuk/client';

/** Whom this server believes, and how a front proxy says for whom it speaks. */
export interface TrustAnchors {
  /** Of clients that show a certificate of their own. */
  readonly clientCas: readonly X509Certificate[];
  readonly frontProxyCas: readonly X509Certificate[];
  /** Common names that a front proxy may have; empty: any. */
  readonly frontProxyNames: readonly string[];
  readonly userHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
  /** All authorities, PEM, for the handshake. */
  readonly pem: string;
}

export const trustAnchorsKey = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };

/**
 * Follows: delegated authentication of extension API servers (ConfigMap extension-apiserver-authentication).
 * @throws {TypeError} the ConfigMap is damaged.
 */
export function parseTrustAnchors({ data = {} }: ConfigMap): TrustAnchors {
  const clientPem = data['client-ca-file'] ?? '';
  const frontProxyPem = data['requestheader-client-ca-file'] ?? '';
  return {
    clientCas: certificatesIn(clientPem),
    frontProxyCas: certificatesIn(frontProxyPem),
    frontProxyNames: namesIn(data['requestheader-allowed-names']),
    userHeaders: namesIn(data['requestheader-username-headers'], ['X-Remote-User']),
    groupHeaders: namesIn(data['requestheader-group-headers'], ['X-Remote-Group']),
    uidHeaders: namesIn(data['requestheader-uid-headers'], ['X-Remote-Uid']),
    extraHeaderPrefixes: namesIn(data['requestheader-extra-headers-prefix'], ['X-Remote-Extra-']),
    pem: `${clientPem.trim()}\n${frontProxyPem.trim()}\n`,
  };
}

/** What holds before the API has been read: no certificate counts. */
export const nobodyTrusted: TrustAnchors = { ...parseTrustAnchors({ metadata: {} }), pem: '' };

export async function readTrustAnchors(client: Pick<Client, 'read'>, signal: AbortSignal): Promise<TrustAnchors> {
  return parseTrustAnchors(await client.read(configMaps, trustAnchorsKey, { signal }));
}

const clientAuth = '1.3.6.1.5.5.7.3.2';

/** Whether one of these authorities signed it for clients, and it holds now. Chains of more than one step are not known here. */
export function isSignedBy(
  authorities: readonly X509Certificate[],
  certificate: X509Certificate,
  nowMs: number,
): boolean {
  const usages: readonly string[] | undefined = certificate.keyUsage;
  if (usages?.includes(clientAuth) !== true) return false;
  if (Date.parse(certificate.validFrom) > nowMs || Date.parse(certificate.validTo) < nowMs) return false;
  return authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  return found.map((one) => new X509Certificate(one));
}

function namesIn(text: string | undefined, otherwise: readonly string[] = []): readonly string[] {
  if (text === undefined || text === '') return otherwise;
  const names: unknown = JSON.parse(text);
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new TypeError(`no list of names: ${text.slice(0, 100)}`);
  return names;
}
