import { Worker } from 'node:worker_threads';

/**
 * The journal's thread. Run from sources (tests, development) it needs a loader for TypeScript, which threads do not
 * inherit; what is built runs as it is.
 */
export function startJournalWorker(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./journal-worker.js', import.meta.url));
  const entry = new URL('./journal-worker.ts', import.meta.url).href;
  const loader = import.meta.resolve('tsx/esm/api');
  const code = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(entry)});`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { execArgv: [] });
}
