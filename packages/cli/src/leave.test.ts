import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const module = fileURLToPath(new URL('./leave.ts', import.meta.url));

/** A process that says more than a pipe holds and leaves, and what its slow reader got. */
async function saidBy(
  program: string,
): Promise<{ readonly bytes: number; readonly exitCode: number; readonly errors: string }> {
  const args = [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    `import { leave, endWithReader } from '${module}'; ${program}`,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let bytes = 0;
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await once(child.stdout, 'readable'); // reads nothing yet: the pipe fills
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (program.includes('endWithReader()')) child.stdout.destroy();
  });
  const [exitCode] = (await closed) as [number];
  return { bytes, exitCode, errors };
}

describe('a command that is over', () => {
  it('leaves when all that it wrote has been read', async () => {
    const said = await saidBy(`process.stdout.write('x'.repeat(1_000_000)); await leave(3);`);
    expect(said).toEqual({ bytes: 1_000_000, exitCode: 3, errors: '' });
  });

  it('ends without a word when its reader has seen enough', async () => {
    const said = await saidBy(
      `endWithReader(); for (let i = 0; i < 200; i++) { process.stdout.write('x'.repeat(100_000)); await new Promise(setImmediate); } await leave(0);`,
    );
    expect(said).toMatchObject({ exitCode: 0, errors: '' });
    expect(said.bytes).toBeLessThan(20_000_000);
  });
});
