import fastifyPlugin from 'fastify-plugin';
import type { FastifyPluginAsync } from 'fastify';
import type { Socket } from 'node:net';
import type { Http2ServerRequest } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../authentication/authenticator.js';
import type { User } from '../authentication/user.js';

declare module 'fastify' {
  interface FastifyRequest {
    user: User;
  }
}

/** The TLS connection below a request, of either HTTP version. HTTP/2 shows it through a proxy that still tells what TLS knows. */
export function socketOf(raw: IncomingMessage | Http2ServerRequest): Socket {
  return 'stream' in raw ? ((raw.stream.session?.socket as Socket | undefined) ?? raw.socket) : raw.socket;
}

/** Says who asks. Follows: kube-apiserver authentication filter. */
export function authentication({ authenticator }: { readonly authenticator: Authenticator }): FastifyPluginAsync {
  return fastifyPlugin(
    async (server) => {
      server.decorateRequest('user');
      server.addHook('onRequest', async (request) => {
        request.user = await authenticator.authenticate(request.headers, socketOf(request.raw), request.info.path);
      });
    },
    { name: 'authentication', dependencies: ['request-info'] },
  );
}
