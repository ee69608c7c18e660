import { Client, credentials } from '@grpc/grpc-js';
import type { CheckResult } from './http-check.js';

const method = '/grpc.health.v1.Health/Check';
const states = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** HealthCheckRequest: field 1, the service's name. */
function encodeRequest(service: string): Buffer {
  if (service === '') return Buffer.alloc(0);
  const name = Buffer.from(service);
  const length: number[] = [];
  for (let rest = name.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), name]);
}

/** HealthCheckResponse: field 1, an enum of four. */
const decodeResponse = (bytes: Buffer): number => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0);

/** Follows: gRPC health checking protocol v1, without TLS. */
export function grpcCheck(
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CheckResult> {
  const address = host.includes(':') ? `[${host}]` : host;
  const client = new Client(`${address}:${port}`, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'kube-probe/1.34',
  });
  return new Promise((resolve) => {
    const end = (result: CheckResult): void => {
      signal.removeEventListener('abort', cancel);
      client.close();
      resolve(result);
    };
    const options = { deadline: Date.now() + timeoutMs };
    const call = client.makeUnaryRequest(method, encodeRequest, decodeResponse, service, options, (error, status) => {
      if (error !== null) return end({ ok: false, message: `error: health rpc failed: ${error.message}` });
      const state = states[status ?? 0] ?? 'UNKNOWN';
      end({
        ok: state === 'SERVING',
        message: state === 'SERVING' ? '' : `service unhealthy (responded with "${state}")`,
      });
    });
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  });
}
