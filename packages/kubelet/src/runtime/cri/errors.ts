import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { RuntimeError } from '../runtime.js';
import type { RuntimeErrorCode } from '../runtime.js';

/** What a failed call means when the gRPC code alone does not say. */
const codeOfMethod: Readonly<Record<string, RuntimeErrorCode>> = {
  RunPodSandbox: 'Sandbox',
  CreateContainer: 'CreateContainer',
  StartContainer: 'StartContainer',
  PullImage: 'ImagePull',
};

/** The kubelet's view of a gRPC failure. The engine's own text stays: it is what ends up in the Event. */
export function toRuntimeError(method: string, error: ServiceError): RuntimeError {
  return new RuntimeError(codeFor(method, error), error.details || error.message, { cause: error });
}

function codeFor(method: string, error: ServiceError): RuntimeErrorCode {
  switch (error.code) {
    case status.UNAVAILABLE:
      return 'Unavailable';
    case status.DEADLINE_EXCEEDED:
      return 'Timeout';
    case status.NOT_FOUND:
      return codeOfMethod[method] ?? (method === 'ImageStatus' ? 'ImageNotFound' : 'NotFound');
    case status.INVALID_ARGUMENT:
      return method === 'PullImage' ? 'InvalidImageName' : (codeOfMethod[method] ?? 'Internal');
    case status.FAILED_PRECONDITION:
      return /cannot delete running task/.test(error.details) ? 'StillRunning' : (codeOfMethod[method] ?? 'Internal');
    default:
      if (method === 'PullImage' && /invalid reference|failed to parse image/i.test(error.details))
        return 'InvalidImageName';
      if (/code = DeadlineExceeded|timeout .*exceeded|context deadline exceeded/i.test(error.details)) return 'Timeout';
      // An engine that lost its record answers Unknown with this text (containerd 1.6, ExecSync and Stop).
      if (codeOfMethod[method] === undefined && /not found$|does not exist/i.test(error.details)) return 'NotFound';
      return codeOfMethod[method] ?? 'Internal';
  }
}
