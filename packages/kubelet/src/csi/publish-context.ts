import { isNotFound, secrets as secretType, volumeAttachments } from '@geobuk/api';
import type { CSIDriver, Pod } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import type { ServiceAccountTokens } from '../volumes/service-account-tokens.js';
import { VolumeError, VolumeWaiting } from '../volumes/volume-error.js';
import { attachmentName, podAttributes } from './csi-volume.js';
import type { CsiVolume, SecretKey } from './csi-volume.js';

export interface PublishContextDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly tokens: ServiceAccountTokens;
  readonly nodeName: string;
}

type Strings = Readonly<Record<string, string>>;

const defaultTokenSeconds = 3600;
const tokensAttribute = 'csi.storage.k8s.io/serviceAccount.tokens';

/** What the cluster adds to a volume before a driver can make it: its attachment, secrets, facts of the pod, tokens. */
export class PublishContext {
  readonly #deps: PublishContextDeps;
  /** Since when an attachment is waited for. */
  readonly #waiting = new Map<string, number>();

  constructor(deps: PublishContextDeps) {
    this.#deps = deps;
  }

  /**
   * What the driver's other half left for this one. Follows: csiAttacher.WaitForAttach.
   * @throws {VolumeWaiting} not attached yet. @throws {VolumeError} it cannot be.
   */
  async attachment(volume: CsiVolume, signal: AbortSignal): Promise<Strings> {
    const { client, clock, nodeName } = this.#deps;
    const name = attachmentName(volume, nodeName);
    const found = await client.read(volumeAttachments, { name }, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (found?.metadata.deletionTimestamp === undefined && found?.status?.attached === true) {
      this.#waiting.delete(name);
      return found.status.attachmentMetadata ?? {};
    }
    const refused = found?.status?.attachError?.message;
    if (refused !== undefined) throw new VolumeError(volume.name, refused, { operation: 'MountVolume.WaitForAttach' });
    const since = this.#waiting.get(name) ?? clock.now();
    this.#waiting.set(name, since);
    throw new VolumeWaiting(volume.name, since, `volume attachment ${name} is not there yet`);
  }

  /** @throws {VolumeError} there is no such secret. */
  async secret(volume: CsiVolume, key: SecretKey | undefined, signal: AbortSignal): Promise<Strings> {
    if (key === undefined) return {};
    const found = await this.#deps.client.read(secretType, key, { signal }).catch((cause: unknown) => {
      if (!isNotFound(cause)) throw cause;
      throw new VolumeError(volume.name, `fetching secret ${key.namespace}/${key.name}: not found`, { cause });
    });
    return Object.fromEntries(
      Object.entries(found.data ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
    );
  }

  /** Attributes and secrets of one publication. `tokensDueAt`: when its tokens should be renewed. */
  async of(
    pod: Pod,
    volume: CsiVolume,
    driver: CSIDriver | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly volumeContext: Strings; readonly secrets: Strings; readonly tokensDueAt: number | undefined }> {
    const own = await this.secret(volume, volume.publishSecret, signal);
    const facts = driver?.spec.podInfoOnMount === true ? podAttributes(pod, volume) : {};
    const volumeContext = { ...volume.attributes, ...facts };
    const requests = driver?.spec.tokenRequests ?? [];
    if (requests.length === 0) return { volumeContext, secrets: own, tokensDueAt: undefined };
    const issued: Record<string, { readonly token: string; readonly expirationTimestamp: string }> = {};
    let tokensDueAt = Infinity;
    for (const { audience, expirationSeconds = defaultTokenSeconds } of requests) {
      const wanted = { audience: audience === '' ? undefined : audience, expirationSeconds };
      const { token, refreshAt, expiresAt } = await this.#deps.tokens.of(pod, wanted, signal);
      issued[audience] = { token, expirationTimestamp: new Date(expiresAt).toISOString() };
      tokensDueAt = Math.min(tokensDueAt, refreshAt);
    }
    const tokens = { [tokensAttribute]: JSON.stringify(issued) };
    return driver?.spec.serviceAccountTokenInSecrets === true
      ? { volumeContext, secrets: { ...own, ...tokens }, tokensDueAt }
      : { volumeContext: { ...volumeContext, ...tokens }, secrets: own, tokensDueAt };
  }
}
