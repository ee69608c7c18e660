import { randomInt } from 'node:crypto';
import type { Secret } from '@geobuk/api';

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const random = (length: number): string => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');

export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

/** A new random token. Follows: `[a-z0-9]{6}.[a-z0-9]{16}`. */
export const newBootstrapToken = (): BootstrapToken => ({ id: random(6), secret: random(16) });

export const formatBootstrapToken = ({ id, secret }: BootstrapToken): string => `${id}.${secret}`;

/** The Secret that makes the API server accept a token. Follows: type bootstrap.kubernetes.io/token. */
export function bootstrapTokenSecret(token: BootstrapToken, expiresAt: number, description: string): Secret {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${token.id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: {
      'token-id': encode(token.id),
      'token-secret': encode(token.secret),
      expiration: encode(new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z')),
      description: encode(description),
      'usage-bootstrap-authentication': encode('true'),
      'usage-bootstrap-signing': encode('true'),
      'auth-extra-groups': encode('system:bootstrappers:kubeadm:default-node-token'),
    },
  };
}

/** `1h30m`, `45m`, `90s`, `24h`, `0` (never) in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+h)?(\d+m)?(\d+s)?$/.test(text) || text === '') return undefined;
  const part = (unit: string): number => Number(new RegExp(`(\\d+)${unit}`).exec(text)?.[1] ?? 0);
  return (part('h') * 3600 + part('m') * 60 + part('s')) * 1000;
}
