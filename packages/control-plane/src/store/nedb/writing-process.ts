/** The process that the recovery test kills: writes with 40 in flight and says on stdout what was acknowledged. */
import { setMaxListeners } from 'node:events';
import { pino } from 'pino';
import { openNedbStore } from './open-nedb-store.js';

const [directory, round] = process.argv.slice(2);
if (directory === undefined || round === undefined) throw new Error('usage: writing-process <directory> <round>');

const calm = { signal: new AbortController().signal };
setMaxListeners(0, calm.signal);
const log = pino({ level: 'silent' });
const limits = { historyBytes: 50_000 };
const store = await openNedbStore({ directory, log, limits, segmentBytes: 100_000 });
const acknowledged = (...words: readonly (string | number)[]): boolean => process.stdout.write(`${words.join(' ')}\n`);

async function write(writer: number): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `/registry/test/things/${writer}-${i % 20}`;
    const found = await store.read(key, calm);
    const text = `${round}.${i}.${'\u2028x'.repeat(100 + (i % 7) * 100)}.end`;
    if (found === undefined) acknowledged(key, await store.create(key, Buffer.from(text), calm), text.length);
    else if (i % 3 === 0) acknowledged(key, await store.delete(key, found.modRevision, calm), 'gone');
    else acknowledged(key, await store.update(key, Buffer.from(text), found.modRevision, calm), text.length);
  }
}
acknowledged('started');
await Promise.all(Array.from({ length: 40 }, (_, writer) => write(writer)));
