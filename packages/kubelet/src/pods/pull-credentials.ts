import type { Secret } from '@geobuk/api';
import type { RegistryCredentials } from '../runtime/runtime.js';

interface RegistryEntry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

const dockerHub = 'index.docker.io';

/** `registry/path` of an image, Docker's shorthands spelled out. */
function addressOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isRegistry = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost');
  const path = isRegistry ? image : `${dockerHub}/${rest.length === 0 ? `library/${image}` : image}`;
  return path.replace(/^docker\.io\//, `${dockerHub}/`);
}

function entriesOf(secret: Secret): Readonly<Record<string, RegistryEntry>> {
  const modern = secret.data?.['.dockerconfigjson'];
  const old = secret.data?.['.dockercfg'];
  const text = Buffer.from(modern ?? old ?? '', 'base64').toString();
  try {
    const parsed = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return ((modern === undefined ? parsed : parsed['auths']) ?? {}) as Readonly<Record<string, RegistryEntry>>;
  } catch {
    // A broken secret gives no credentials; the registry's refusal then says so, as in Kubernetes.
    return {};
  }
}

function matches(key: string, address: string): boolean {
  const pattern = key
    .replace(/^https?:\/\//, '')
    .replace(/\/(v1|v2)?\/?$/, '')
    .replace(/^docker\.io/, dockerHub);
  const [host = '', ...path] = pattern.split('/');
  const [imageHost = '', ...imagePath] = address.split('/');
  const wildcard = host.split('.').map((part) => part.replaceAll(/[\\^$+?()[\]{}|]/g, '\\$&').replaceAll('*', '[^.]*'));
  if (!new RegExp(`^${wildcard.join('\\.')}$`).test(imageHost)) return false;
  return path.every((part, index) => part === imagePath[index]);
}

/** What the secrets hold for this image, the most exact first. Follows: credentialprovider DockerKeyring Lookup. */
export function credentialsFor(image: string, secrets: readonly Secret[]): readonly RegistryCredentials[] {
  const address = addressOf(image);
  return secrets
    .flatMap((secret) => Object.entries(entriesOf(secret)))
    .filter(([key]) => matches(key, address))
    .sort(([a], [b]) => b.length - a.length)
    .map(([serverAddress, entry]) => {
      const [user = '', ...password] = Buffer.from(entry.auth ?? '', 'base64')
        .toString()
        .split(':');
      return {
        username: entry.username ?? user,
        password: entry.password ?? password.join(':'),
        serverAddress,
        identityToken: entry.identitytoken ?? '',
        registryToken: entry.registrytoken ?? '',
      };
    });
}
