import type { KubernetesObject } from '@geobuk/api';
import type { User } from '../authentication/user.js';
import type { ServedResource } from '../resources/served-resource.js';

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly resource: ServedResource;
  /** '' is the object itself. */
  readonly subresource: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly user: User;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  warn(text: string): void;
  /** Adds to what the audit log says of this request. */
  annotate(key: string, value: string): void;
}

/** One concern of admission. Follows: admission plugins. */
export interface AdmissionPlugin {
  readonly name: string;
  /** The object as it shall be; the same reference when there is nothing to change. @throws {ApiError} a refusal. */
  admit?(
    object: KubernetesObject,
    request: AdmissionRequest,
    old: KubernetesObject | undefined,
  ): KubernetesObject | Promise<KubernetesObject>;
  /** After all changes and validation. `object` is absent for DELETE and CONNECT. @throws {ApiError} a refusal. */
  validate?(
    object: KubernetesObject | undefined,
    request: AdmissionRequest,
    old: KubernetesObject | undefined,
  ): void | Promise<void>;
}

/** Every plugin in its order: first all that change, then all that check. */
export class Admission {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** The names of all, in their order. */
  get plugins(): readonly string[] {
    return this.#plugins.map(({ name }) => name);
  }

  async admit(object: KubernetesObject, request: AdmissionRequest, old?: KubernetesObject): Promise<KubernetesObject> {
    let current = object;
    for (const plugin of this.#plugins) {
      if (plugin.admit !== undefined) current = await plugin.admit(current, request, old);
    }
    return current;
  }

  async validate(
    object: KubernetesObject | undefined,
    request: AdmissionRequest,
    old?: KubernetesObject,
  ): Promise<void> {
    for (const plugin of this.#plugins) await plugin.validate?.(object, request, old);
  }
}
