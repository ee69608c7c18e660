import { Duplex } from 'node:stream';
import type { ObjectKey } from '@geobuk/api';
import { pods, resourcePath } from '@geobuk/api';
import { ConnectionError } from '../connection-error.js';
import type { HttpClient } from '../http/http-client.js';
import { queryOf } from '../http/query.js';

const dataChannel = 0;
const errorChannel = 1;
/** Each channel of the server starts with the port's number, little-endian. */
const portPrefixBytes = 2;

/**
 * One connection to a port of a pod. Destroy it to close it.
 * Follows: websocket port-forward, v4.channel.k8s.io: for each port a data and an error channel.
 * Differs: one websocket for each connection instead of SPDY frames tunnelled in one, which needs no SPDY here; the
 * price is one handshake for each connection.
 * @throws {ApiError} the server's refusal. Errors from the pod's side destroy the stream with {@link ConnectionError}.
 */
export async function portForward(
  client: Pick<HttpClient, 'openChannels'>,
  pod: ObjectKey,
  port: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<Duplex> {
  const path = `${resourcePath(pods, pod, 'portforward')}${queryOf({ ports: port })}`;
  const channels = await client.openChannels(path, { protocols: ['v4.channel.k8s.io', 'portforward.k8s.io'], signal });
  const incoming = channels.incoming(dataChannel);
  let skip = portPrefixBytes;
  const forward = new Duplex({
    read: () => incoming.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      channels.send(dataChannel, chunk).then(() => done(), done);
    },
    // There is no half-close on a port-forward websocket: the far end learns of it when both sides are done.
    final: (done) => done(),
    destroy: (error, done) => {
      channels[Symbol.dispose]();
      done(error);
    },
  });
  incoming.on('data', (chunk: Buffer) => {
    const data = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - data.length;
    if (data.length > 0 && !forward.push(data)) incoming.pause();
  });
  incoming.on('end', () => forward.push(null));

  let words = Buffer.alloc(0);
  channels.incoming(errorChannel).on('data', (chunk: Buffer) => {
    words = Buffer.concat([words, chunk]);
    const message = words.subarray(portPrefixBytes).toString('utf8');
    if (message !== '') forward.destroy(new ConnectionError(`port-forward to ${port}: ${message}`));
  });
  channels.closed.catch((error: Error) => forward.destroy(error));
  return forward;
}
