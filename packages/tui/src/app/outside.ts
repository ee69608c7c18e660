import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '../terminal/terminal.js';
import { runBehind, runInFront } from './programs.js';
import type { Outside } from './services.js';

export interface OutsideDeps {
  readonly terminal: Terminal;
  readonly editor: readonly string[];
  readonly dumpDirectory: string;
  readonly kubeconfigPath: string;
}

/** The person's editor and files. What is edited may be secret: only its owner can read it, and it is gone after. */
export function openOutside({ terminal, editor, dumpDirectory, kubeconfigPath }: OutsideDeps): Outside {
  const edit = async (path: string): Promise<void> => {
    const [command, ...args] = editor;
    if (command === undefined) throw new Error('no editor: set $EDITOR');
    const call = { command, args: [...args, path], pipes: [], environment: {} };
    const code = await terminal.handOver('inherit', () => runInFront(call));
    if (code !== 0) throw new Error(`${command} ended with ${code}: nothing was changed`);
  };
  return {
    editFile: edit,
    dumpDirectory,
    kubeconfigPath,
    async editText(text, suffix) {
      const directory = await mkdtemp(join(tmpdir(), 'geobuk-edit-'));
      const path = join(directory, suffix.replace(/[^\w.-]/g, '-'));
      try {
        await writeFile(path, text, { mode: 0o600 });
        await edit(path);
        return await readFile(path, 'utf8');
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
    async saveText(name, text) {
      await mkdir(dumpDirectory, { recursive: true, mode: 0o700 });
      const path = join(dumpDirectory, `${new Date().toISOString().replace(/[:.]/g, '-')}-${name}`);
      await writeFile(path, text, { mode: 0o600 });
      return path;
    },
    runInFront: (call) => terminal.handOver('inherit', () => runInFront(call)),
    runBehind,
  };
}
