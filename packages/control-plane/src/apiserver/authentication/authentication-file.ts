import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Logger } from 'pino';
import { readAuthenticationConfig } from './authentication-config.js';
import type { AuthenticationConfig } from './authentication-config.js';

/** An editor writes in several steps; they are waited for. */
const settleMs = 200;

/**
 * Reads the file again when it changes, until `signal` aborts. A file that cannot be used leaves what was before.
 * Follows: reload of --authentication-config.
 */
export function followAuthenticationConfig(
  file: string,
  take: (config: AuthenticationConfig) => void,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): void {
  let timer: NodeJS.Timeout | undefined;
  const read = (): void => {
    try {
      take(readAuthenticationConfig(file));
      log.info({ file }, 'the authentication configuration was read again');
    } catch (error) {
      log.error({ err: error, file }, 'the authentication configuration cannot be used; the one before stays');
    }
  };
  // The directory is watched: editors and mounted ConfigMaps put a new file in place of the old one.
  const watcher = watch(dirname(file), { signal, persistent: false }, (_event, name) => {
    if (name !== null && name !== basename(file) && name !== '..data') return;
    clearTimeout(timer);
    timer = setTimeout(read, settleMs).unref();
  });
  watcher.on('error', (error) =>
    log.warn({ err: error, file }, 'changes of the authentication configuration are not seen'),
  );
}
