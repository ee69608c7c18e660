import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '../terminal/terminal.js';
import type { Outside } from './services.js';

export interface OutsideDeps {
  readonly terminal: Terminal;
  readonly editor: readonly string[];
  readonly dumpDirectory: string;
}

/** The person's editor and files. What is edited may be secret: only its owner can read it, and it is gone after. */
export function openOutside({ terminal, editor, dumpDirectory }: OutsideDeps): Outside {
  return {
    async editText(text, suffix) {
      const directory = await mkdtemp(join(tmpdir(), 'geobuk-edit-'));
      const path = join(directory, suffix.replace(/[^\w.-]/g, '-'));
      try {
        await writeFile(path, text, { mode: 0o600 });
        await terminal.handOver('inherit', () => runEditor(editor, path));
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
  };
}

function runEditor(editor: readonly string[], path: string): Promise<void> {
  const [command, ...args] = editor;
  if (command === undefined) return Promise.reject(new Error('no editor: set $EDITOR'));
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, path], { stdio: 'inherit' });
    child.once('error', (error) =>
      reject(new Error(`cannot run ${command}: ${error.message}; set $EDITOR`, { cause: error })),
    );
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code ?? 'a signal'}: nothing was changed`)),
    );
  });
}
