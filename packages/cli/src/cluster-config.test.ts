import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Command } from 'commander';
import { configOf, parseClusterConfig, withFileOptions } from './cluster-config.js';

const options = [
  { name: 'port', kind: 'text' },
  { name: 'bind', kind: 'text' },
  { name: 'nodes', kind: 'text' },
  { name: 'tui', kind: 'switch' },
] as const;
const parsed = (value: unknown) => parseClusterConfig(value, options, '/etc/geobuk.yaml');

describe('geobuk up --config (A10)', () => {
  it('takes the options of the command and addons by name or in full', () => {
    expect(
      parsed({
        port: 7443,
        nodes: 2,
        addons: ['dns', { name: 'x', enabled: false, config: { a: 1 }, source: { file: './x.tgz', allow: ['host'] } }],
      }),
    ).toEqual({
      options: { port: 7443, nodes: 2 },
      addons: [
        { name: 'dns', enabled: true },
        { name: 'x', enabled: false, config: { a: 1 }, source: { file: '/etc/x.tgz', allow: ['host'] } },
      ],
    });
    expect(parsed({})).toEqual({ options: {}, addons: [] });
  });

  const mistakes: readonly (readonly [string, unknown, string])[] = [
    ['an option that is none', { prot: 1 }, 'prot: no such field'],
    ['a switch that is none', { tui: 'no' }, 'tui: must be boolean'],
    ['a list', [], 'the file: must hold options such as port: 6443'],
    ['an addon without a name', { addons: [{ enabled: true }] }, 'addons[0].name: must be set'],
    ['a field of an addon that is none', { addons: [{ name: 'dns', conf: {} }] }, 'addons[0].conf: no such field'],
    ['an addon twice', { addons: ['dns', { name: 'dns' }] }, 'addons[1].name: dns is there twice'],
    [
      'two sources',
      { addons: [{ name: 'x', source: { file: 'a', package: 'b' } }] },
      'addons[0].source: must say either file or package',
    ],
    [
      'a wrong policy',
      { addons: [{ name: 'x', updatePolicy: 'Never' }] },
      'addons[0].updatePolicy: must be one of Platform, Pinned, Auto',
    ],
    ['an option of another command', { store: 'etcd' }, 'store: no such field'],
  ];
  for (const [title, value, message] of mistakes)
    it(`refuses ${title} in one line`, () =>
      expect(() => parsed(value)).toThrow(`/etc/geobuk.yaml: ${message}: mend the file`));

  it('knows the options of the command it is for, each by its name in camelCase', () => {
    const command = new Command('up')
      .option('--config <file>')
      .option('--data-dir <dir>')
      .option('--no-tui')
      .option('--claim <a...>')
      .option('--port <port>', '', '6443');
    command.action(() => undefined);
    const directory = mkdtempSync(join(tmpdir(), 'geobuk-config-'));
    try {
      const file = join(directory, 'c.yaml');
      writeFileSync(file, 'dataDir: /x\ntui: false\nport: 7443\nclaim: [a, b]\naddons: [dns]\n');
      command.parse(['--config', file, '--port', '1'], { from: 'user' });
      expect(configOf(command, command.opts())).toEqual({
        flags: { config: file, dataDir: '/x', tui: false, port: '1', claim: ['a', 'b'] },
        addons: [{ name: 'dns', enabled: true }],
      });
      writeFileSync(file, 'port: [\n');
      expect(() => configOf(command, command.opts())).toThrow(/c\.yaml: .*: mend the file$/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('gives way to what was typed', () => {
    const file = parsed({ port: 7443, bind: '127.0.0.1', tui: false });
    const flags = { port: '6443', bind: '0.0.0.0', tui: true };
    expect(withFileOptions(flags, file, (name) => name === 'bind')).toEqual({
      port: '7443',
      bind: '0.0.0.0',
      tui: false,
    });
  });
});
