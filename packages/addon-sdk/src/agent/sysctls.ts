import { access, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';

export interface SysctlsDeps {
  /** Names the file that remembers former values; such as `proxy-0a1b2c3d`. */
  readonly owner: string;
  readonly log: Logger;
  /** `/proc/sys` unless said. */
  readonly root?: string | undefined;
  /** Lost at reboot, like the settings themselves. */
  readonly stateDirectory?: string | undefined;
}

type Former = Readonly<Record<string, string>>;

/**
 * Kernel settings that an addon changes, with what they were before, so that removal leaves none behind. The memory is
 * a file, because the process that removes is often not the one that changed.
 */
export class Sysctls {
  readonly #owner: string;
  readonly #log: Logger;
  readonly #root: string;
  readonly #state: string;

  constructor({ owner, log, root = '/proc/sys', stateDirectory = '/run/geobuk/sysctls' }: SysctlsDeps) {
    this.#owner = owner;
    this.#log = log;
    this.#root = root;
    this.#state = stateDirectory;
  }

  /** @returns false where this kernel has no such setting or does not let it be changed. */
  async set(name: string, value: string): Promise<boolean> {
    const path = this.#path(name);
    const present = await readFile(path, 'utf8').catch(() => undefined);
    if (present === undefined) return false;
    if (present.trim() === value) return true;
    const former = await this.#former(this.#owner);
    if (former[name] === undefined) await this.#remember({ ...former, [name]: present.trim() });
    try {
      await writeFile(path, value);
    } catch (error) {
      this.#log.warn({ sysctl: name, err: error }, 'the kernel does not let this setting be changed');
      return false;
    }
    this.#log.info({ sysctl: name, from: present.trim(), to: value }, 'changed a kernel setting');
    return true;
  }

  /** Gives back what was changed, except what another owner on this machine relies on: that one takes it over. */
  async restore(): Promise<void> {
    const former = await this.#former(this.#owner);
    const others = (await readdir(this.#state).catch(() => []))
      .map((file) => file.replace(/\.json$/, ''))
      .filter((owner) => owner !== this.#owner);
    for (const [name, value] of Object.entries(former)) {
      const heir = others[0];
      if (heir !== undefined) {
        const theirs = await this.#former(heir);
        await writeFile(join(this.#state, `${heir}.json`), JSON.stringify({ [name]: value, ...theirs }));
        continue;
      }
      await access(this.#path(name)).then(
        () => writeFile(this.#path(name), value),
        () => undefined,
      );
    }
    await rm(join(this.#state, `${this.#owner}.json`), { force: true });
  }

  /** Counts as a user of the settings even if all had the right value before. */
  async register(): Promise<void> {
    await this.#remember(await this.#former(this.#owner));
  }

  #path(name: string): string {
    return join(this.#root, ...name.split('/'));
  }

  async #former(owner: string): Promise<Former> {
    const text = await readFile(join(this.#state, `${owner}.json`), 'utf8').catch(() => '{}');
    return JSON.parse(text) as Former;
  }

  async #remember(former: Former): Promise<void> {
    const file = join(this.#state, `${this.#owner}.json`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(former));
  }
}
