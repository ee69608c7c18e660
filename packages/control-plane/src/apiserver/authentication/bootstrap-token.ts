import { timingSafeEqual } from 'node:crypto';
import { secrets } from '@geobuk/api';
import type { Secret } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix } from '../resources/served-resource.js';
import type { User } from './user.js';

const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

const decoded = (secret: Secret, key: string): string | undefined => {
  const value = secret.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
};

/** Whether a token has the form of a bootstrap token at all. */
export const isBootstrapToken = (token: string): boolean => form.test(token);

/** The user of a valid bootstrap token. Follows: checklist 2.1.4. */
export function bootstrapTokenUser(token: string, caches: WatchCaches, now: number): User | undefined {
  const [, id, wanted] = form.exec(token) ?? [];
  if (id === undefined || wanted === undefined) return undefined;
  const found = caches
    .cache(storePrefix('', secrets.plural))
    .get({ namespace: 'kube-system', name: `bootstrap-token-${id}` });
  if (found === undefined) return undefined;
  const secret = found.object as Secret;
  if (secret.type !== 'bootstrap.kubernetes.io/token' || secret.metadata.deletionTimestamp !== undefined)
    return undefined;
  const actual = decoded(secret, 'token-secret') ?? '';
  if (actual.length !== wanted.length || !timingSafeEqual(Buffer.from(actual), Buffer.from(wanted))) return undefined;
  if (decoded(secret, 'token-id') !== id || decoded(secret, 'usage-bootstrap-authentication') !== 'true')
    return undefined;
  const expiration = decoded(secret, 'expiration');
  if (expiration !== undefined && !(Date.parse(expiration) > now)) return undefined;
  const extra = (decoded(secret, 'auth-extra-groups') ?? '')
    .split(',')
    .filter((group) => group.startsWith('system:bootstrappers:'));
  return { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...extra] };
}
