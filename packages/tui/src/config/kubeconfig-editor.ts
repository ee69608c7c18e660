import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { isMap, isSeq, parseDocument } from 'yaml';
import type { Document, YAMLMap } from 'yaml';
import type { KubeconfigEditor } from '../app/services.js';

export interface KubeconfigFilesDeps {
  readonly paths: readonly string[];
  /** Called after a file was written. */
  readonly changed: () => Promise<void>;
}

/** Renames and removes contexts in the kubeconfig files; everything else in them, comments too, stays. */
export function openKubeconfigEditor({ paths, changed }: KubeconfigFilesDeps): KubeconfigEditor {
  const change = async (name: string, act: (document: Document, contexts: YAMLMap[], at: number) => void) => {
    let done = false;
    for (const path of paths) {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const document = parseDocument(text);
      const contexts = contextsOf(document);
      const at = contexts.findIndex((entry) => entry.get('name') === name);
      const before = String(document);
      if (at >= 0 && !done) {
        act(document, contexts, at);
        done = true;
      }
      if (String(document) !== before) await replaceFile(path, String(document));
    }
    if (!done) throw new Error(`no file of the kubeconfig has a context ${name}`);
    await changed();
  };
  return {
    async rename(name, to) {
      const wanted = to.trim();
      if (wanted === '') throw new Error('a context needs a name');
      for (const path of paths) {
        const text = await readFile(path, 'utf8').catch(() => '');
        if (contextsOf(parseDocument(text)).some((entry) => entry.get('name') === wanted))
          throw new Error(`there is a context ${wanted} already`);
      }
      await change(name, (document, contexts, at) => {
        contexts[at]!.set('name', wanted);
        if (document.get('current-context') === name) document.set('current-context', wanted);
      });
    },
    async remove(name) {
      await change(name, (document, _, at) => {
        document.deleteIn(['contexts', at]);
        if (document.get('current-context') === name) document.set('current-context', '');
      });
    },
  };
}

function contextsOf(document: Document): YAMLMap[] {
  const contexts: unknown = document.contents === null ? undefined : document.get('contexts');
  return isSeq(contexts) ? contexts.items.filter((item): item is YAMLMap => isMap(item)) : [];
}

/** Never half a kubeconfig: the new file takes the place of the old one at once, with its permissions. */
async function replaceFile(path: string, text: string): Promise<void> {
  const { mode } = await stat(path);
  const fresh = `${path}.geobuk-${process.pid}`;
  await writeFile(fresh, text, { mode: mode & 0o777 });
  await rename(fresh, path);
}
