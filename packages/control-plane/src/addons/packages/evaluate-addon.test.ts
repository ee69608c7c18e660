import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateAddon } from './evaluate-addon.js';

const { signal } = new AbortController();
const cluster = {
  id: '0a1b2c3d',
  podCIDR: '10.42.0.0/16',
  serviceCIDR: '10.43.0.0/16',
  dnsAddress: '10.43.0.10',
  domain: 'cluster.local',
  version: 'v1.34.0',
};
const facts = `name: 'x', version: '1.0.0', description: 'X.', provides: [], requires: [], conflicts: [],
  enabledByDefault: false, config: { type: 'object' }, permissions: [], health: []`;
const fine = `{ ${facts}, manifests: ({ color }, { domain }) => [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: color, namespace: 'kube-system' }, data: { domain } }] }`;

async function evaluate(source: string, config?: object) {
  const directory = mkdtempSync(join(tmpdir(), 'geobuk-evaluate-'));
  try {
    mkdirSync(join(directory, 'package'));
    writeFileSync(join(directory, 'package/package.json'), '{"type":"module"}');
    writeFileSync(join(directory, 'package/index.js'), source);
    writeFileSync(join(directory, 'secret'), 'secret');
    const entry = join(directory, 'package/index.js');
    const given = { entry, readable: [join(directory, 'package')], cluster, config: config as Record<string, unknown> };
    return await evaluateAddon(given, signal);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('an addon from outside is evaluated in a process of its own (A11)', () => {
  it('and gives its facts and, for a config, its objects with its label', async () => {
    const answer = await evaluate(`console.log('words'); export default ${fine}`, { color: 'red' });
    expect(answer.facts).toMatchObject({ name: 'x', version: '1.0.0' });
    expect(answer.objects).toEqual([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'red', namespace: 'kube-system', labels: { 'addons.geobuk.dev/addon': 'x' } },
        data: { domain: 'cluster.local' },
      },
    ]);
    expect((await evaluate(`export default ${fine}`)).objects).toBeUndefined();
  });

  const attempts: readonly (readonly [string, string, RegExp])[] = [
    [
      'read files of others',
      "import { readFileSync } from 'node:fs'; readFileSync(new URL('../secret', import.meta.url))",
      /restricted|ERR_ACCESS_DENIED/,
    ],
    [
      'write files',
      "import { writeFileSync } from 'node:fs'; writeFileSync(new URL('x', import.meta.url), '')",
      /restricted|ERR_ACCESS_DENIED/,
    ],
    [
      'start processes',
      "import { execSync } from 'node:child_process'; execSync('true')",
      /restricted|ERR_ACCESS_DENIED/,
    ],
    ['see the environment', 'if (process.env.PATH === undefined) throw new Error("no environment")', /no environment/],
  ];
  for (const [title, source, expected] of attempts)
    it(`and cannot ${title}`, async () => {
      await expect(evaluate(`${source}; export default ${fine}`)).rejects.toThrow(expected);
    });

  const mistakes: readonly (readonly [string, string, RegExp])[] = [
    ['exports none', 'export const x = 1', /does not export an addon definition by default/],
    ['exports a wrong one', `export default { ...${fine}, name: 'Not Right' }`, /name "Not Right"/],
    ['throws', 'throw new RangeError("out of range")', /the package fails: RangeError: out of range/],
    ['ends the process', 'process.exit(0)', /without an answer/],
  ];
  for (const [title, source, expected] of mistakes)
    it(`and is refused when it ${title}`, async () => expect(evaluate(source)).rejects.toThrow(expected));
});
