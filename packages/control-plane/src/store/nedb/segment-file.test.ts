import { describe, expect, it } from 'vitest';
import { escapeLineEnds, readSegment } from './segment-file.js';

const header = '{"_id":"floor","format":1,"revision":1,"floor":0}\n';
const record = '{"_id":"0000000000000002","k":"/r/a","v":"a"}\n';
const read = (text: string, isLast = true) => readSegment(Buffer.from(text), 'file.nedb', { isLast });

describe('readSegment', () => {
  it.each([
    ['an unfinished line', '{"_id":"00000000000'],
    ['a finished line without its end', record.trimEnd()],
    ['a line that is not JSON', '{"_id":"0000\n'],
    ['zeros', '\0\0\0\0'],
  ])('leaves out %s at the end of the last file', (_, tail) => {
    expect(read(header + record + tail)).toMatchObject({ goodBytes: (header + record).length, documents: [{}, {}] });
    expect(() => read(header + record + tail, false)).toThrow('file.nedb is damaged at line 3');
  });

  it.each([
    ['broken JSON', '{"_id":\n'],
    ['a record without a key', '{"_id":"0000000000000002","v":"a"}\n'],
    ['a record without a revision', '{"_id":"x","k":"/r/a"}\n'],
    ['an empty line', '\n'],
    ['no object', '7\n'],
  ])('refuses %s before the end', (_, line) => {
    expect(() => read(header + line + record)).toThrow('file.nedb is damaged at line 2: restore it from a backup');
  });

  it('refuses a format of the future', () => {
    expect(() => read(header.replace('"format":1', '"format":2') + record)).toThrow('has format 2');
  });
});

describe('escapeLineEnds', () => {
  it('leaves nothing that NeDB takes for the end of a line, and means the same', () => {
    const text = JSON.stringify({ v: 'a\u0085b\u2028c\u2029d\ne\\u2028' });
    expect(escapeLineEnds(text)).not.toMatch(/[\u0085\u2028\u2029\n]/);
    expect(JSON.parse(escapeLineEnds(text))).toEqual(JSON.parse(text));
  });
});
