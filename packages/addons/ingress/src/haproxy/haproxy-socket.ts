import { connect } from 'node:net';

const timeoutMs = 10_000;
const answerLimitBytes = 8 << 20;

/**
 * Says one command to a socket of the engine and gives its answer.
 * @throws {Error} nobody listens, or no end of the answer within 10 s.
 */
export function askHaproxy(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer at ${path}`)));
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > answerLimitBytes) socket.destroy(new Error(`too long an answer at ${path}`));
      else chunks.push(chunk);
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8').trim()));
    socket.end(`${command}\n`); // the master closes only after we do
  });
}

/** Many short commands over few connections; every one that is refused is told. @throws {Error} the refusals. */
export async function commandHaproxy(path: string, commands: readonly string[]): Promise<void> {
  const together = 50;
  const refusals: string[] = [];
  for (let start = 0; start < commands.length; start += together) {
    const answer = await askHaproxy(path, commands.slice(start, start + together).join('; '));
    refusals.push(...answer.split('\n').filter((line) => line !== '' && !harmless.test(line)));
  }
  if (refusals.length > 0) throw new Error(`the proxy refused: ${refusals.slice(0, 3).join('; ')}`);
}

/** What it says when all went well. */
const harmless = /^(IP changed from|port changed from|no need to change|nothing changed)/;
