/** A refusal that the kubelet gets back with this code. */
export class ShimError extends Error {
  override readonly name = 'ShimError';
  readonly code: 'NotFound' | 'CreateContainer' | 'StartContainer' | 'Sandbox' | 'Internal';

  constructor(code: ShimError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
