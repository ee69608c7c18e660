import { describe, expect, it } from 'vitest';
import { linesOf } from './lines.js';

async function split(chunks: readonly string[], limit?: number): Promise<string[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const lines: string[] = [];
  for await (const line of linesOf(source(), limit)) lines.push(line.toString('utf8'));
  return lines;
}

describe('linesOf', () => {
  it.each([
    [['a\nb\n'], ['a', 'b']],
    [
      ['a', 'b', '\n', 'c'],
      ['ab', 'c'],
    ],
    [['\n\na'], ['', '', 'a']],
    [[''], []],
    [
      ['a\r\n', 'b'],
      ['a\r', 'b'],
    ],
  ])('splits %j into %j', async (chunks, lines) => {
    expect(await split(chunks)).toEqual(lines);
  });

  it('refuses a line without end', async () => {
    await expect(split(['aaaa', 'aaaa'], 6)).rejects.toThrow(RangeError);
  });
});
