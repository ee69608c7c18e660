import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Compiles the host-shim into a directory, since Node.js runs no TypeScript and tests run from the sources. @returns its program. */
export function buildShim(directory: string): string {
  const runtime = fileURLToPath(new URL('..', import.meta.url));
  const shim = readdirSync(join(runtime, 'host/shim')).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  for (const file of ['process-identity.ts', 'cgroup.ts', ...shim.map((name) => join('host/shim', name))]) {
    const target = join(directory, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const compilerOptions = { module: ts.ModuleKind.ES2022, target: ts.ScriptTarget.ES2023 };
    writeFileSync(
      target,
      ts.transpileModule(readFileSync(join(runtime, file), 'utf8'), { compilerOptions }).outputText,
    );
  }
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type: 'module' }));
  return join(directory, 'host/shim/main.js');
}
