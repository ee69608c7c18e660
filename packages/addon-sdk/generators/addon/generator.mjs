import { addonFiles } from './addon-files.mjs';

const cliPackage = 'packages/cli/package.json';
const cliProject = 'packages/cli/tsconfig.lib.json';

/**
 * `nx g addon NAME`: a complete addon package, and its entry among what the product ships. Nothing else is touched.
 * @param {{ exists(path: string): boolean, read(path: string, encoding: 'utf-8'): string | null, write(path: string, text: string): void }} tree
 * @param {{ readonly name: string, readonly description?: string }} options
 */
export default async function addonGenerator(tree, { name, description = `What ${name} is for.` }) {
  const directory = `packages/addons/${name}`;
  if (tree.exists(`${directory}/package.json`)) throw new Error(`${directory} is there already: choose another name`);
  const { version } = JSON.parse(tree.read('package.json', 'utf-8') ?? '{}');
  const pins = JSON.parse(tree.read('packages/addon-sdk/package.json', 'utf-8') ?? '{}').dependencies ?? {};
  for (const [path, text] of addonFiles({ name, description, version, pino: pins.pino.replace(/^\^/, '') }))
    tree.write(`${directory}/${path}`, text);

  const manifest = JSON.parse(tree.read(cliPackage, 'utf-8') ?? '{}');
  manifest.dependencies = placed(manifest.dependencies, `@geobuk/addon-${name}`, version);
  tree.write(cliPackage, `${JSON.stringify(manifest, null, 2)}\n`);

  const project = JSON.parse(tree.read(cliProject, 'utf-8') ?? '{}');
  const path = `../addons/${name}/tsconfig.lib.json`;
  project.references = [...(project.references ?? []), { path }];
  tree.write(cliProject, `${JSON.stringify(project, null, 2)}\n`);

  return () => {
    console.log(`\nMade ${directory}. Now: npm install, npx nx test @geobuk/addon-${name}, and write what it does.`);
  };
}

/** The dependency behind the last one of its kind. */
function placed(dependencies, name, version) {
  const entries = Object.entries(dependencies);
  const last = entries.findLastIndex(([other]) => other.startsWith('@geobuk/'));
  return Object.fromEntries([...entries.slice(0, last + 1), [name, version], ...entries.slice(last + 1)]);
}
