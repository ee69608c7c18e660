import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type {
  AddonCluster,
  AddonDefinition,
  ClusterRole,
  CustomResourceDefinition,
  KubernetesObject,
  ResourceType,
} from '@geobuk/api';
import { apiVersionOf, keyOf, resolveAddonConfig, resourceOfKind } from '@geobuk/api';
import { FakeClient, deepFreeze } from '@geobuk/client/testing';
import { describe, expect, it } from 'vitest';
import { addonRoleName } from '../manifests/access.js';
import { addonLabel } from '../manifests/labels.js';

export interface AddonContractOptions {
  /** Of the package: the folder with package.json and README.md. */
  readonly packageRoot: URL;
  /** Configs to be tried besides the defaults. */
  readonly configs?: readonly Readonly<Record<string, unknown>>[] | undefined;
}

const headings = ['What', 'Config', 'Permissions', 'Metrics', 'Examples'];

const cluster: AddonCluster = {
  id: '0a1b2c3d',
  podCIDR: '10.42.0.0/16',
  serviceCIDR: '10.43.0.0/16',
  dnsAddress: '10.43.0.10',
  domain: 'cluster.local',
  version: 'v1.34.0',
};

/** What every addon package must fulfil. Call it in `src/addon.test.ts`; the numbers are those of docs/addons.md. */
export function describeAddon<Config>(definition: AddonDefinition<Config>, options: AddonContractOptions): void {
  const resolved = (chosen: Readonly<Record<string, unknown>>): Config => {
    const result = resolveAddonConfig(definition.config, chosen);
    if (!result.valid) throw new Error(JSON.stringify(result.errors));
    return deepFreeze(result.config) as Config;
  };
  const objectsOf = (chosen: Readonly<Record<string, unknown>> = {}): readonly KubernetesObject[] =>
    definition.manifests(resolved(chosen), cluster);
  const file = (name: string): Promise<string> => readFile(fileURLToPath(new URL(name, options.packageRoot)), 'utf8');
  const all = [{}, ...(options.configs ?? [])];

  describe(`addon ${definition.name}`, () => {
    it('has the version of its package and is found by its manifest', async () => {
      const manifest = JSON.parse(await file('package.json')) as {
        readonly version: string;
        readonly geobuk?: { readonly addon?: string };
      };
      expect(definition.version).toBe(manifest.version);
      expect(manifest.geobuk?.addon).toMatch(/^\.\/.*\.js$/);
    });

    it('works with its defaults, and refuses a field it does not know', () => {
      expect(resolveAddonConfig(definition.config, {})).toMatchObject({ valid: true });
      expect(resolveAddonConfig(definition.config, { noSuchField: 1 })).toMatchObject({ valid: false });
    });

    it('gives the same objects for the same config, and changes nothing it was given (A1)', () => {
      for (const chosen of all) {
        const first = objectsOf(chosen);
        expect(first.length).toBeGreaterThan(0);
        expect(objectsOf(chosen)).toEqual(first);
        expect(JSON.parse(JSON.stringify(first))).toEqual(first);
      }
    });

    it('gives a name, a known kind and its label to each object, and each only once (A5)', () => {
      for (const chosen of all) {
        const seen = objectsOf(chosen).map((object) => {
          expect(object.metadata.labels?.[addonLabel]).toBe(definition.name);
          expect(object.metadata.resourceVersion).toBeUndefined();
          const { namespace = '', name } = keyOf(object);
          return `${object.apiVersion}/${object.kind} ${namespace}/${name}`;
        });
        expect(new Set(seen).size).toBe(seen.length);
      }
    });

    it('survives being applied twice without a change', async () => {
      const types = objectsOf().flatMap(definedBy);
      const client = new FakeClient({ types });
      const { signal } = new AbortController();
      const apply = async (): Promise<readonly KubernetesObject[]> =>
        Promise.all(
          objectsOf().map((object) =>
            client.apply(typeOf(object, types), object, { signal, fieldManager: `geobuk-addon-${definition.name}` }),
          ),
        );
      const first = await apply();
      const second = await apply();
      expect(isDeepStrictEqual(second, first)).toBe(true);
    });

    it('gets exactly the permissions it declares', () => {
      const role = objectsOf().find(({ kind, metadata }) => {
        return kind === 'ClusterRole' && metadata.name === addonRoleName(definition.name);
      }) as ClusterRole | undefined;
      expect(role?.rules ?? []).toEqual(definition.permissions);
    });

    it('looks after everything it runs: each health check names an object it brings (A4)', () => {
      const objects = objectsOf();
      expect(definition.health.length).toBeGreaterThan(0);
      for (const check of definition.health) {
        if (check.kind !== 'workloadAvailable') continue;
        expect(objects.some(({ kind, metadata }) => kind === check.workload && metadata.name === check.name)).toBe(
          true,
        );
      }
    });

    it(`has a README with the headings ${headings.join(', ')}`, async () => {
      const found = [...(await file('README.md')).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      expect(found).toEqual(expect.arrayContaining(headings));
    });

    it('says in the README what each field of its config is', async () => {
      const readme = await file('README.md');
      const { properties = {} } = definition.config as { readonly properties?: Readonly<Record<string, unknown>> };
      for (const field of Object.keys(properties)) expect(readme).toContain(`\`${field}\``);
    });
  });
}

function typeOf({ apiVersion = '', kind = '' }: KubernetesObject, custom: readonly ResourceType[]): ResourceType {
  const type =
    resourceOfKind(apiVersion, kind) ?? custom.find((one) => apiVersionOf(one) === apiVersion && one.kind === kind);
  if (type === undefined) throw new Error(`${apiVersion} ${kind} is not built in, and the addon does not define it`);
  return type;
}

/** The kinds that an object defines: none, unless it is a CustomResourceDefinition. */
function definedBy(object: KubernetesObject): readonly ResourceType[] {
  if (object.kind !== 'CustomResourceDefinition') return [];
  const { group, names, scope, versions } = (object as CustomResourceDefinition).spec;
  return versions.map(({ name: version, subresources }) => ({
    group,
    version,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    namespaced: scope === 'Namespaced',
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    subresources:
      subresources?.status === undefined
        ? {}
        : { status: { group, version, kind: names.kind, verbs: ['get', 'patch', 'update'] } },
  }));
}
