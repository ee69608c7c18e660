import { yaml } from '@codemirror/lang-yaml';
import { lineNumbers } from '@codemirror/view';
import { EditorView, minimalSetup } from 'codemirror';
import { useEffect, useRef, useState } from 'preact/hooks';
import { parse, stringify } from 'yaml';
import type { Kind } from '../api/kinds.js';
import { pathOf } from '../api/kinds.js';
import { ApiFailure, getJson, send } from '../api/request.js';
import { diffLines, hunksOf } from '../diff/line-diff.js';
import type { AnyObject } from '../relations/relations.js';
import { useShared } from '../state/context.js';
import { highlighting } from './yaml-highlighting.js';

const first = ['name', 'namespace', 'labels', 'annotations'];

/** Without the records of who wrote what, and with metadata always in one order: only real changes are differences. */
const textOf = (object: AnyObject): string => {
  const { managedFields: _own, ...rest } = object.metadata;
  const rank = (key: string): number => (first.includes(key) ? first.indexOf(key) : first.length);
  const entries = Object.entries(rest).sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
  const { apiVersion, kind, metadata: _ordered, ...content } = object;
  return stringify({ apiVersion, kind, metadata: Object.fromEntries(entries), ...content }, { lineWidth: 0 });
};

/** Edits an object as YAML: the server tries it first, and what it would make of it is shown before anything changes. */
export function YamlEditor({ kind, object }: { readonly kind: Kind; readonly object: AnyObject }) {
  const { t, notify } = useShared();
  const parent = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView | undefined>(undefined);
  // What the text began as; others may change the object meanwhile, which the server notices by its version.
  const [base, setBase] = useState(object);
  const [tried, setTried] = useState<{ readonly body: AnyObject; readonly result: AnyObject } | undefined>();
  const [problem, setProblem] = useState('');
  const path = pathOf(kind, object.metadata.namespace, object.metadata.name);

  useEffect(() => {
    if (parent.current === null) return undefined;
    const view = new EditorView({
      doc: textOf(base),
      parent: parent.current,
      extensions: [
        minimalSetup,
        lineNumbers(),
        yaml(),
        ...highlighting,
        EditorView.contentAttributes.of({ 'aria-label': 'YAML' }),
      ],
    });
    editor.current = view;
    return () => view.destroy();
  }, [base]);

  const explain = (error: Error): void =>
    setProblem(error instanceof ApiFailure && error.code === 409 ? `${t('conflict')} ${error.message}` : error.message);
  const review = (): void => {
    setProblem('');
    let body: AnyObject;
    try {
      body = parse(editor.current?.state.doc.toString() ?? '') as AnyObject;
    } catch (error) {
      setProblem(t('invalidYaml', { message: (error as Error).message }));
      return;
    }
    send('PUT', `${path}?dryRun=All&fieldManager=geobuk-dashboard&fieldValidation=Strict`, { body })
      .then(async (answer) => setTried({ body, result: (await answer.json()) as AnyObject }))
      .catch(explain);
  };
  const apply = (): void => {
    if (tried === undefined) return;
    send('PUT', `${path}?fieldManager=geobuk-dashboard&fieldValidation=Strict`, { body: tried.body })
      .then(async (answer) => {
        setBase((await answer.json()) as AnyObject);
        setTried(undefined);
        notify(t('applied'));
      })
      .catch((error: Error) => (setTried(undefined), explain(error)));
  };
  const reload = (): void => {
    setProblem('');
    setTried(undefined);
    getJson<AnyObject>(path).then(setBase, explain);
  };
  return (
    <div class="yaml">
      <div class="toolbar">
        {tried === undefined ? (
          <>
            <button type="button" class="primary" onClick={review} data-review>
              {t('review')}
            </button>
            <button type="button" onClick={reload}>
              {t('reload')}
            </button>
          </>
        ) : (
          <>
            <button type="button" class="primary" onClick={apply} data-apply>
              {t('apply')}
            </button>
            <button type="button" onClick={() => setTried(undefined)}>
              {t('back')}
            </button>
            <span class="hint">{t('dryRunOk')}</span>
          </>
        )}
      </div>
      {problem !== '' && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      {tried !== undefined && <Differences before={textOf(base)} after={textOf(tried.result)} />}
      <div class="editor" ref={parent} hidden={tried !== undefined} />
    </div>
  );
}

function Differences({ before, after }: { readonly before: string; readonly after: string }) {
  const { t } = useShared();
  const hunks = hunksOf(diffLines(before, after));
  if (hunks.length === 0) return <p class="hint">{t('noChanges')}</p>;
  const marks = { same: ' ', added: '+', removed: '-' } as const;
  return (
    <pre class="diff" data-diff>
      {hunks.map(({ lines, skipped }, at) => (
        <div key={at}>
          {skipped > 0 && <div class="skipped">{t('linesSkipped', { count: skipped })}</div>}
          {lines.map(({ kind, text }, index) => (
            <div key={index} class={kind}>
              {marks[kind]} {text}
            </div>
          ))}
        </div>
      ))}
    </pre>
  );
}
