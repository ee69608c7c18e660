/**
 * The files of a new addon's package, by path. It runs one program on each node, which serves health and metrics and says
 * what it was told: to be replaced, part by part, by what the addon is for.
 * @param {{ readonly name: string, readonly description: string, readonly version: string, readonly pino: string }} addon
 * @returns {ReadonlyMap<string, string>}
 */
export function addonFiles(addon) {
  return new Map([
    ['package.json', packageJson(addon)],
    ['tsconfig.json', json({ files: [], references: [{ path: './tsconfig.lib.json' }] })],
    ['tsconfig.lib.json', projectJson()],
    ['vitest.config.mjs', "export { default } from '../../../vitest.shared.mjs';\n"],
    ['README.md', readme(addon)],
    ['src/config.ts', configSource(addon)],
    ['src/index.ts', indexSource(addon)],
    ['src/manifests.ts', manifestsSource(addon)],
    ['src/main.ts', mainSource(addon)],
    ['src/addon.test.ts', testSource(addon)],
  ]);
}

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
/** `my-addon` as `MyAddon` and as `myAddon`. */
const typeName = (name) => name.replace(/(^|-)([a-z0-9])/g, (_all, _dash, letter) => letter.toUpperCase());
const valueName = (name) => typeName(name).replace(/^[A-Z]/, (letter) => letter.toLowerCase());
const quoted = (text) => (text.includes("'") ? JSON.stringify(text) : `'${text}'`);

function packageJson({ name, version, pino }) {
  const target = (command) => ({ command, options: { cwd: '{projectRoot}' } });
  return json({
    name: `@geobuk/addon-${name}`,
    version,
    private: true,
    license: 'Apache-2.0',
    type: 'module',
    engines: { node: '>=20.19' },
    exports: {
      '.': { '@geobuk/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
    bin: { [`geobuk-addon-${name}`]: './dist/main.js' },
    geobuk: { addon: './dist/index.js' },
    dependencies: { '@geobuk/api': version, '@geobuk/client': version, '@geobuk/addon-sdk': version, pino },
    nx: {
      tags: ['layer:addon'],
      targets: {
        build: target('node ../../../node_modules/typescript-native/bin/tsc --build tsconfig.lib.json'),
        test: target('vitest run'),
        lint: target('eslint src --max-warnings 0'),
      },
    },
  });
}

const projectJson = () => `{
  "extends": "../../../tsconfig.base.json",
  "compilerOptions": {
    "rootDir": "src",
    "outDir": "dist",
    "tsBuildInfoFile": "dist/lib.tsbuildinfo"
  },
  "include": ["src/**/*.ts", "src/**/*.tsx", "src/**/*.json"],
  "references": [
    {
      "path": "../../api/tsconfig.lib.json"
    },
    {
      "path": "../../client/tsconfig.lib.json"
    },
    {
      "path": "../../addon-sdk/tsconfig.lib.json"
    }
  ]
}
`;

const configSource = ({ name }) => `/** What users choose; the defaults are in the schema. */
export interface ${typeName(name)}Config {
  /** Said in the log of each node. */
  readonly message: string;
  /** On the node, for health; 0: one chosen from the cluster's id. */
  readonly healthPort: number;
}

export const ${valueName(name)}ConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    message: { type: 'string', default: '${name} is here', description: 'Said in the log of each node.' },
    healthPort: {
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 0,
      description: 'Port on the node for health; 0 chooses one.',
    },
  },
} as const;
`;

const indexSource = ({
  name,
  description,
}) => `import { daemonSetAvailable, defineAddon, packageVersion } from '@geobuk/addon-sdk';
import type { ${typeName(name)}Config } from './config.js';
import { ${valueName(name)}ConfigSchema } from './config.js';
import { permissions, ${valueName(name)}Manifests } from './manifests.js';

const version = packageVersion(import.meta.url);

/** ${description} */
export default defineAddon<${typeName(name)}Config>({
  name: '${name}',
  version,
  description: ${quoted(description)},
  provides: ['${name}'],
  requires: [],
  conflicts: [],
  enabledByDefault: false,
  config: ${valueName(name)}ConfigSchema,
  permissions,
  health: [daemonSetAvailable('${name}')],
  manifests: (config, cluster) => ${valueName(name)}Manifests(config, cluster, version),
});
`;

const manifestsSource = ({ name }) => `import type { AddonCluster, KubernetesObject, PolicyRule } from '@geobuk/api';
import { addonAccess, hostDaemonSet, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { ${typeName(name)}Config } from './config.js';

/** Exactly what the program does with the API. */
export const permissions: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
];

/** In the order to apply. Pure. */
export function ${valueName(name)}Manifests(
  config: ${typeName(name)}Config,
  cluster: AddonCluster,
  version: string,
): readonly KubernetesObject[] {
  const healthPort = config.healthPort === 0 ? hostPort(cluster.id, 9) : config.healthPort;
  return [
    ...addonAccess('${name}', permissions),
    hostDaemonSet({
      addon: '${name}',
      package: '@geobuk/addon-${name}',
      version,
      cluster,
      config: { ...config, healthPort },
      cpu: '10m',
      memory: '40Mi',
      readinessProbe: localHttpProbe(healthPort, '/readyz'),
      livenessProbe: localHttpProbe(healthPort, '/healthz', { initialDelaySeconds: 10 }),
    }),
  ];
}
`;

const mainSource = ({ name }) => `#!/usr/bin/env node
import { runAgent, runHealthServer } from '@geobuk/addon-sdk';
import type { ${typeName(name)}Config } from './config.js';

await runAgent<${typeName(name)}Config>('${name}', async ({ config, nodeName, log }, signal) => {
  log.info({ node: nodeName }, config.message);
  const checks = { '/healthz': () => undefined, '/readyz': () => undefined };
  await runHealthServer({ host: '127.0.0.1', port: config.healthPort, checks }, signal);
});
`;

const testSource = ({ name }) => `import { describeAddon } from '@geobuk/addon-sdk/testing';
import ${valueName(name)} from './index.js';

describeAddon(${valueName(name)}, {
  packageRoot: new URL('..', import.meta.url),
  configs: [{ message: 'ahoy', healthPort: 4998 }],
});
`;

const readme = ({ name, description }) => `# ${name}

## What

${description}

## Config

- \`message\` (\`${name} is here\`): said in the log of each node.
- \`healthPort\` (0): port on the node for health; 0 chooses one from the cluster's id.

## Permissions

Nodes: get, list, watch.

## Metrics

None.

## Examples

\`\`\`sh
geobuk addon enable ${name} --set message=ahoy
kubectl -n kube-system logs daemonset/${name}
\`\`\`
`;
