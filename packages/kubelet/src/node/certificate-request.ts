import { generateKeyPair, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import {
  bitString,
  context,
  generalNames,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.js';

export interface CertificateSubject {
  readonly commonName: string;
  readonly organization: string;
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
}

export interface KeyAndRequest {
  /** PEM. */
  readonly key: string;
  readonly request: string;
}

const newKeys = promisify(generateKeyPair);
const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
const serialBytes = 16;
const dayMs = 86_400_000;

/** A new key and the PKCS #10 request for it. Follows: RFC 2986. */
export async function makeKeyAndRequest(subject: CertificateSubject): Promise<KeyAndRequest> {
  const { publicKey, privateKey } = await newKeys('ec', { namedCurve: 'P-256' });
  const extensions = extensionsOf(subject);
  const wanted = sequence(objectIdentifier('1.2.840.113549.1.9.14'), set(extensions ?? sequence()));
  const attributes = extensions === undefined ? context(0) : context(0, wanted);
  const body = sequence(integer(Buffer.from([0])), nameOf(subject), spki(publicKey), attributes);
  return { key: pemOf(privateKey), request: pem('CERTIFICATE REQUEST', signed(body, privateKey)) };
}

/** For the time until the cluster has signed one. Follows: RFC 5280. */
export async function makeSelfSigned(
  subject: CertificateSubject,
  days: number,
): Promise<{ readonly key: string; readonly cert: string }> {
  const { publicKey, privateKey } = await newKeys('ec', { namedCurve: 'P-256' });
  const extensions = extensionsOf(subject);
  const now = Date.now();
  const name = nameOf(subject);
  const body = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(randomBytes(serialBytes)),
    algorithm,
    name,
    sequence(time(new Date(now - 60_000)), time(new Date(now + days * dayMs))),
    name,
    spki(publicKey),
    ...(extensions === undefined ? [] : [context(3, extensions)]),
  );
  return { key: pemOf(privateKey), cert: pem('CERTIFICATE', signed(body, privateKey)) };
}

function extensionsOf({ dnsNames = [], ipAddresses = [] }: CertificateSubject): Buffer | undefined {
  if (dnsNames.length === 0 && ipAddresses.length === 0) return undefined;
  const names = generalNames(dnsNames, ipAddresses);
  return sequence(sequence(objectIdentifier('2.5.29.17'), octetString(names))); // subjectAltName
}

const nameOf = ({ commonName, organization }: CertificateSubject): Buffer =>
  sequence(
    set(sequence(objectIdentifier('2.5.4.10'), utf8String(organization))),
    set(sequence(objectIdentifier('2.5.4.3'), utf8String(commonName))),
  );

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

const signed = (body: Buffer, key: KeyObject): Buffer =>
  sequence(body, algorithm, bitString(sign('sha256', body, { key, dsaEncoding: 'der' })));

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der
    .toString('base64')
    .replaceAll(/.{64}/g, '$&\n')
    .trimEnd()}\n-----END ${label}-----\n`;
