/** A volume cannot be had now; the message is for people and lands in a FailedMount event. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';

  constructor(volume: string, why: string, options?: ErrorOptions) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${why}`, options);
  }
}
