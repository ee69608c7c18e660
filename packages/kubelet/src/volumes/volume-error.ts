export interface VolumeErrorOptions extends ErrorOptions {
  /** What failed, in Kubernetes' words; `MountVolume.SetUp` unless said. */
  readonly operation?: string | undefined;
}

/** A volume cannot be had now; the message is for people and lands in a FailedMount event. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';

  constructor(volume: string, why: string, options: VolumeErrorOptions = {}) {
    const { operation = 'MountVolume.SetUp', ...rest } = options;
    super(`${operation} failed for volume "${volume}" : ${why}`, rest);
  }
}

/** Others have to do their part first. No fault, so nothing is said until it takes too long. */
export class VolumeWaiting extends Error {
  override readonly name = 'VolumeWaiting';
  readonly volume: string;
  /** Since when. Epoch milliseconds. */
  readonly since: number;

  constructor(volume: string, since: number, why: string) {
    super(why);
    this.volume = volume;
    this.since = since;
  }
}
