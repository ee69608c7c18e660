import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface RegistryHost {
  /** As image names say it. */
  readonly hostname: string;
  /** Where it is reached from a node. */
  readonly address: string;
  readonly port: number;
  /** PEM: who signed its certificate. */
  readonly ca: string;
}

/**
 * Tells this node's container runtime where images of the cluster's registry come from.
 * Follows: containerd's registry host configuration (`hosts.toml`), which is read at each pull.
 */
export class RegistryHosts {
  readonly #directory: string;

  /** @param directory the runtime's `config_path`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @returns whether anything was changed. */
  async write({ hostname, address, port, ca }: RegistryHost): Promise<boolean> {
    const folder = this.#folder(hostname);
    const caFile = join(folder, 'ca.crt');
    const host = address.includes(':') ? `[${address}]` : address;
    const url = JSON.stringify(`https://${host}:${port}`);
    const trust = `ca = ${JSON.stringify(caFile)}`;
    // containerd 1.6 wants a `host`, and asks `server` again for what is not found there: both must be trusted.
    const text = [`server = ${url}`, trust, `[host.${url}]`, 'capabilities = ["pull", "resolve"]', trust, ''].join(
      '\n',
    );
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const changes = [await put(caFile, ca), await put(join(folder, 'hosts.toml'), text)];
    return changes.includes(true);
  }

  async remove(hostname: string): Promise<void> {
    await rm(this.#folder(hostname), { recursive: true, force: true });
  }

  #folder(hostname: string): string {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(hostname)) throw new TypeError(`"${hostname}" is no host name`);
    return join(this.#directory, hostname);
  }
}

async function put(file: string, text: string): Promise<boolean> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return false;
  await writeFile(`${file}.new`, text, { mode: 0o644 });
  await rename(`${file}.new`, file);
  return true;
}
