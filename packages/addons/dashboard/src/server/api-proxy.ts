import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { requestHeaders, responseHeaders } from './proxy-rules.js';
import { sendStatus } from './send-status.js';
import type { Session } from './session-store.js';

/** The API server, as it is reached from here. */
export interface ApiAddress {
  readonly server: string;
  /** PEM; absent: the system's authorities. */
  readonly ca?: string | undefined;
}

/** What one request may be: the API server's own bound on objects, and a patience for everything that is no stream. */
const bodyLimitBytes = 3 << 20;
const answerTimeoutMs = 60_000;

/** Passes requests on to the API server with the token of a session, byte for byte in both directions. */
export class ApiProxy {
  readonly #api: ApiAddress;
  readonly #agent: Agent;

  constructor(api: ApiAddress) {
    this.#api = api;
    this.#agent = new Agent({ keepAlive: true, ...(api.ca === undefined ? {} : { ca: api.ca }) });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Who a token belongs to, said by the API server. Follows: authentication.k8s.io/v1 SelfSubjectReview. */
  async whoIs(token: string, signal: AbortSignal): Promise<{ user: string; groups: readonly string[] } | undefined> {
    const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(`${this.#api.server}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
        method: 'POST',
        agent: this.#agent,
        signal,
        timeout: 10_000,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      });
      asked.on('response', resolve).on('error', reject);
      asked.on('timeout', () => asked.destroy(new Error('the API server does not answer')));
      asked.end(body);
    });
    let text = '';
    for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
    if (answer.statusCode === 401) return undefined;
    if (answer.statusCode !== 201 && answer.statusCode !== 200)
      throw new Error(`the API server said ${answer.statusCode}: ${text}`);
    const { status } = JSON.parse(text) as {
      readonly status?: { readonly userInfo?: { readonly username?: string; readonly groups?: readonly string[] } };
    };
    return { user: status?.userInfo?.username ?? '', groups: status?.userInfo?.groups ?? [] };
  }

  /** Resolves when the answer has been given or either side is gone. */
  async forward(
    incoming: IncomingMessage,
    reply: ServerResponse,
    { path, isStream, session }: { readonly path: string; readonly isStream: boolean; readonly session: Session },
  ): Promise<void> {
    if (Number(incoming.headers['content-length'] ?? 0) > bodyLimitBytes) {
      sendStatus(reply, 413, 'RequestEntityTooLarge', `more than ${bodyLimitBytes} bytes`);
      return;
    }
    const outgoing = request(`${this.#api.server}${path}`, {
      method: incoming.method,
      agent: this.#agent,
      headers: requestHeaders(incoming.headers, session.token, false),
      ...(isStream ? {} : { timeout: answerTimeoutMs }),
    });
    const end = (): void => void outgoing.destroy(new Error('the log-in has ended'));
    session.ended.addEventListener('abort', end, { once: true });
    outgoing.on('timeout', () => outgoing.destroy(new Error('the API server does not answer')));
    reply.on('close', () => outgoing.destroy());
    try {
      const answer = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.on('response', resolve).on('error', reject);
      });
      const [response] = await Promise.all([answer, pipeline(incoming, bounded(bodyLimitBytes), outgoing)]);
      reply.writeHead(response.statusCode ?? 502, responseHeaders(response.headers));
      reply.flushHeaders(); // a watch without events is open all the same
      await pipeline(response, reply);
    } catch (error) {
      if (error instanceof BodyTooLargeError) sendStatus(reply, 413, 'RequestEntityTooLarge', error.message);
      else if (!reply.headersSent) sendStatus(reply, 502, 'ServiceUnavailable', (error as Error).message);
      else reply.destroy();
    } finally {
      session.ended.removeEventListener('abort', end);
    }
  }

  /** Joins a browser's websocket with the API server's. */
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, path: string, session: Session): void {
    const outgoing = request(`${this.#api.server}${path}`, {
      agent: false, // the socket is ours from here on
      ...(this.#api.ca === undefined ? {} : { ca: this.#api.ca }),
      headers: requestHeaders(incoming.headers, session.token, true),
    });
    const refuse = (code: number, text: string): void => {
      socket.end(`HTTP/1.1 ${code} ${text}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    };
    socket.on('error', () => outgoing.destroy());
    socket.on('close', () => outgoing.destroy());
    outgoing.on('error', () => socket.destroy());
    outgoing.on('response', (response) => {
      response.resume();
      refuse(response.statusCode ?? 502, response.statusMessage ?? 'Refused');
    });
    outgoing.on('upgrade', (response, upstream, upstreamHead) => {
      const lines = ['upgrade', 'connection', 'sec-websocket-accept', 'sec-websocket-protocol'].flatMap((name) =>
        response.headers[name] === undefined ? [] : [`${name}: ${String(response.headers[name])}`],
      );
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      if (upstreamHead.length > 0) socket.write(upstreamHead);
      if (head.length > 0) upstream.write(head);
      const end = (): void => {
        socket.destroy();
        upstream.destroy();
      };
      session.ended.addEventListener('abort', end, { once: true });
      upstream.on('error', end).on('close', () => {
        session.ended.removeEventListener('abort', end);
        socket.destroy();
      });
      socket.on('close', end);
      socket.pipe(upstream).pipe(socket);
    });
    outgoing.end();
  }
}

class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** Passes bytes until there are too many of them. */
function bounded(limitBytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > limitBytes) done(new BodyTooLargeError(`more than ${limitBytes} bytes`));
      else done(null, chunk);
    },
  });
}
