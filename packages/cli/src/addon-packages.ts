import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The product's own installation: where its packages, addons among them, are found. */
export const moduleRoots = (): readonly string[] => {
  const roots: string[] = [];
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const modules = join(directory, 'node_modules');
    if (existsSync(modules)) roots.push(modules);
    if (directory === dirname(directory)) return roots;
  }
};

/** Folders of installed packages whose manifest says `geobuk.addon`. */
export function installedAddonPackages(roots: readonly string[] = moduleRoots()): readonly string[] {
  const found = new Map<string, string>();
  for (const root of roots) {
    const scope = join(root, '@geobuk');
    if (!existsSync(scope)) continue;
    for (const name of readdirSync(scope)) {
      const directory = realpathSync(join(scope, name));
      if (found.has(name) || !hasAddonManifest(directory)) continue;
      found.set(name, directory);
    }
  }
  return [...found.values()].sort();
}

function hasAddonManifest(directory: string): boolean {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      geobuk?: { addon?: unknown };
    };
    return typeof manifest.geobuk?.addon === 'string';
  } catch {
    return false;
  }
}
