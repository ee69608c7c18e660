import { createRequire } from 'node:module';

/** The version in the package.json above a file of `src` or `dist`. Call it with `import.meta.url`. */
export function packageVersion(fileUrl: string): string {
  const { version } = createRequire(fileUrl)('../package.json') as { readonly version: string };
  return version;
}
