import { createServer } from 'node:net';

/**
 * Why a port of this node cannot be listened at; undefined when it can. The engine would refuse its whole configuration
 * for one port that is taken.
 */
export function portProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRINUSE' ? `port ${port} of the node is taken` : `port ${port} of the node: ${code ?? ''}`),
    );
    server.listen(port, '::', () => server.close(() => resolve(undefined)));
  });
}
