// Counts which numbered lines of a checklist stand in titles of tests: `node scripts/checklist.mjs <checklist.md> [folder…]`.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const [checklistPath, ...folders] = process.argv.slice(2);
if (checklistPath === undefined) {
  console.error('usage: node scripts/checklist.mjs <checklist.md> [folder with tests…]; default folder: src');
  process.exit(2);
}

const lines = (await readFile(checklistPath, 'utf8')).split('\n');
/** Section title by its number, and the numbered lines of each. */
const sections = new Map();
for (const line of lines) {
  const heading = /^##\s+(\d+\.\d+)\s+(.*)$/.exec(line);
  if (heading) sections.set(heading[1], { title: heading[2], items: new Set() });
  const item = /^-\s+\*\*(\d+\.\d+)\.(\d+)\*\*/.exec(line);
  if (item) sections.get(item[1])?.items.add(`${item[1]}.${item[2]}`);
}

async function* testsIn(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testsIn(path);
    else if (/\.test\.ts$/.test(entry.name)) yield path;
  }
}

// The first text after `it(`, `test(`, `describe(` or the call that follows `.each(...)`.
const title = /(?:\b(?:it|test|describe)(?:\.\w+)?\(|\]\)\(|\)\()\s*(['"`])((?:\\.|(?!\1).)*)\1/gs;
const covered = new Set();
for (const folder of folders.length === 0 ? ['src'] : folders) {
  for await (const path of testsIn(folder)) {
    for (const [, , text] of (await readFile(path, 'utf8')).matchAll(title)) {
      for (const [number] of text.matchAll(/\b\d+\.\d+\.\d+\b/g)) covered.add(number);
    }
  }
}

let all = 0;
let done = 0;
for (const [number, { title: name, items }] of sections) {
  if (items.size === 0) continue;
  const hits = [...items].filter((item) => covered.has(item));
  all += items.size;
  done += hits.length;
  console.log(`${number.padEnd(6)} ${String(hits.length).padStart(3)}/${String(items.size).padEnd(3)} ${name}`);
}
console.log(`total  ${done}/${all}`);
