#!/usr/bin/env node
/**
 * Counts which numbered lines of the checklist of behaviours stand in titles of tests, of every package and of e2e:
 * `npm run conformance:count -- [--missing] [--section 1.9] [--checklist FILE]`. Runs from any folder.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const skipped = new Set(['node_modules', 'dist', 'test-output', 'generated']);

function usage(problem) {
  console.error(`checklist: ${problem}`);
  console.error('usage: checklist.mjs [--checklist FILE] [--section N.N]… [--missing] [--where] [FILE]');
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        checklist: { type: 'string' },
        section: { type: 'string', multiple: true, default: [] },
        missing: { type: 'boolean', default: false },
        where: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return usage(error.message);
  }
}

/** The checklist is kept beside the repository: it is research, not a part of the product. */
function findChecklist(given) {
  if (given !== undefined) return resolve(given);
  for (let folder = root; ; folder = join(folder, '..')) {
    const candidate = join(folder, 'shared/research/kubernetes-api.md');
    if (existsSync(candidate)) return candidate;
    if (resolve(folder) === '/')
      return usage('no shared/research/kubernetes-api.md above the repository; name it by --checklist');
  }
}

/** Sections by number, each with its numbered lines. */
async function readChecklist(path) {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return usage(`cannot read ${path}: ${error.code ?? error.message}`);
  }
  const sections = new Map();
  for (const line of text.split('\n')) {
    const heading = /^##\s+(\d+\.\d+)\s+(.*)$/.exec(line);
    if (heading) sections.set(heading[1], { title: heading[2].replace(/\s*\(.*\)$/, ''), lines: new Map() });
    const item = /^-\s+\*\*(\d+\.\d+)\.(\d+)\*\*\s*(.*)$/.exec(line);
    if (item) sections.get(item[1])?.lines.set(`${item[1]}.${item[2]}`, item[3]);
  }
  return sections;
}

async function* testsIn(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name) || entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testsIn(path);
    else if (/\.test\.tsx?$/.test(entry.name)) yield path;
  }
}

// The first text after `it(`, `test(`, `describe(` or the call that follows `.each(...)`.
const title = /(?:\b(?:it|test|describe)(?:\.\w+)?(?:<[^>]*>)?\(|\]\)\(|\)\()\s*(['"`])((?:\\.|(?!\1).)*)\1/gs;
const number = /(?<![\d.])\d+\.\d+\.\d+(?![\d.]*\d)/g;

/** Numbers that stand in titles, with the files in which they do. */
async function readTitles() {
  const found = new Map();
  for (const folder of ['packages', 'e2e']) {
    for await (const path of testsIn(join(root, folder))) {
      for (const [, , text] of (await readFile(path, 'utf8')).matchAll(title)) {
        for (const [line] of text.matchAll(number)) {
          found.set(line, (found.get(line) ?? new Set()).add(relative(root, path)));
        }
      }
    }
  }
  return found;
}

const { values, positionals } = options();
if (positionals.length > 1) usage(`one checklist, not ${positionals.length}`);
const sections = await readChecklist(findChecklist(values.checklist ?? positionals[0]));
for (const section of values.section) if (!sections.has(section)) usage(`no section ${section}`);
const titles = await readTitles();

let all = 0;
let done = 0;
for (const [section, { title: name, lines }] of sections) {
  if (lines.size === 0 || (values.section.length > 0 && !values.section.includes(section))) continue;
  const hits = [...lines.keys()].filter((line) => titles.has(line));
  all += lines.size;
  done += hits.length;
  console.log(`${section.padEnd(6)} ${String(hits.length).padStart(3)}/${String(lines.size).padEnd(3)} ${name}`);
  for (const [line, text] of lines) {
    if (values.missing && !titles.has(line)) console.log(`         ${line} ${text.slice(0, 150)}`);
    if (values.where && titles.has(line)) console.log(`         ${line} ${[...titles.get(line)].sort().join(' ')}`);
  }
}
console.log(`total  ${done}/${all}`);
