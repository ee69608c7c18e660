import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Kind } from './api/kinds.js';
import { discoverKinds } from './api/kinds.js';
import { getJson, isAbort, loggedOutEvent, send } from './api/request.js';
import type { Language } from './i18n/texts.js';
import { translator } from './i18n/texts.js';
import { ObjectView } from './object/object-view.js';
import type { SessionInfo, Shared, Theme } from './state/context.js';
import { SharedContext, useShared } from './state/context.js';
import type { Route } from './state/route.js';
import { listRoute, parseRoute } from './state/route.js';
import { useSetting } from './state/settings.js';
import { useKeys } from './state/use-keys.js';
import { AddonsView } from './views/addons-view.js';
import { Help } from './views/help.js';
import { ListView } from './views/list-view.js';
import { Login } from './views/login.js';
import { MapView } from './views/map-view.js';
import { NamespacePicker } from './views/namespace-picker.js';
import { Overview } from './views/overview.js';
import { Sidebar } from './views/sidebar.js';

const prefersLight = (): Theme => (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');
const preferred = (): Language => (navigator.language.startsWith('ko') ? 'ko' : 'en');
const discoverEveryMs = 30_000;

/** The page: who is there, what the cluster serves, and what of it is looked at. */
export function App() {
  const [theme, setTheme] = useSetting<Theme>('theme', prefersLight());
  const [language, setLanguage] = useSetting<Language>('language', preferred());
  const [namespaces, setNamespaces] = useSetting<readonly string[]>('namespaces', []);
  const [session, setSession] = useState<SessionInfo | 'unknown' | undefined>('unknown');
  const [problem, setProblem] = useState('');
  const [note, setNote] = useState<{ readonly text: string; readonly isError: boolean } | undefined>();
  const kinds = useKinds(typeof session === 'object');
  const t = useMemo(() => translator(language), [language]);
  const otherLanguage = (): void => setLanguage(language === 'en' ? 'ko' : 'en');

  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    document.documentElement.lang = language;
  }, [theme, language]);
  useEffect(() => {
    const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
    // The code is of use once only, and has no business in the history.
    if (code !== undefined) history.replaceState(null, '', '#/overview');
    const begun =
      code === undefined
        ? getJson<SessionInfo>('/session')
        : send('POST', '/session', { body: { code } }).then((answer) => answer.json() as Promise<SessionInfo>);
    begun.then(setSession, () => {
      if (code !== undefined) setProblem(t('codeFailed'));
      setSession(undefined);
    });
    const onLoggedOut = (): void => {
      setProblem(t('sessionEnded'));
      setSession(undefined);
    };
    window.addEventListener(loggedOutEvent, onLoggedOut);
    return () => window.removeEventListener(loggedOutEvent, onLoggedOut);
  }, []);
  useEffect(() => {
    if (note === undefined) return undefined;
    const timer = setTimeout(() => setNote(undefined), note.isError ? 10_000 : 4_000);
    return () => clearTimeout(timer);
  }, [note]);

  const shared = useMemo<Shared | undefined>(
    () =>
      typeof session !== 'object' || kinds === undefined
        ? undefined
        : {
            session,
            kinds,
            namespaces,
            language,
            theme,
            t,
            notify: (text, isError = false) => setNote({ text, isError }),
          },
    [session, kinds, namespaces, language, theme, t],
  );
  if (session === undefined)
    return (
      <Login
        t={t}
        problem={problem}
        onLogin={(found) => (setProblem(''), setSession(found))}
        onLanguage={otherLanguage}
      />
    );
  if (shared === undefined) return <p class="hint loading">{t('loading')}</p>;
  return (
    <SharedContext.Provider value={shared}>
      <Frame
        onTheme={() => setTheme(theme === 'dark' ? 'light' : 'dark')}
        onLanguage={otherLanguage}
        onNamespaces={setNamespaces}
        onLogout={() => void send('DELETE', '/session').finally(() => setSession(undefined))}
      />
      <div class="notes" role="status" aria-live="polite">
        {note !== undefined && <div class={note.isError ? 'note error' : 'note'}>{note.text}</div>}
      </div>
    </SharedContext.Provider>
  );
}

/** What the cluster serves; custom resources come and go. */
function useKinds(isLoggedIn: boolean): readonly Kind[] | undefined {
  const [kinds, setKinds] = useState<readonly Kind[] | undefined>();
  useEffect(() => {
    if (!isLoggedIn) {
      setKinds(undefined);
      return undefined;
    }
    const stop = new AbortController();
    let text = '';
    const look = (): void => {
      discoverKinds(stop.signal).then(
        (found) => {
          // The same list stays the same object: what is on the screen must not begin anew.
          if (JSON.stringify(found) === text) return;
          text = JSON.stringify(found);
          setKinds(found);
        },
        (error: Error) => (isAbort(error) ? undefined : setKinds((before) => before)),
      );
    };
    look();
    const timer = setInterval(look, discoverEveryMs);
    return () => (stop.abort(), clearInterval(timer));
  }, [isLoggedIn]);
  return kinds;
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const onChange = (): void => setRoute(parseRoute(location.hash));
    window.addEventListener('hashchange', onChange);
    return () => window.removeEventListener('hashchange', onChange);
  }, []);
  return route;
}

interface FrameProps {
  readonly onTheme: () => void;
  readonly onLanguage: () => void;
  readonly onNamespaces: (namespaces: readonly string[]) => void;
  readonly onLogout: () => void;
}

function Frame({ onTheme, onLanguage, onNamespaces, onLogout }: FrameProps) {
  const { t, session, theme } = useShared();
  const route = useRoute();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const keys = useMemo(
    () => ({
      help: () => setHelpOpen(true),
      theme: onTheme,
      up: () => {
        if (route.page === 'object') location.hash = listRoute(route);
      },
    }),
    [route, onTheme],
  );
  useKeys(keys);
  return (
    <div class="frame">
      <a
        class="skip"
        href="#content"
        onClick={(event) => (event.preventDefault(), document.getElementById('content')?.focus())}
      >
        {t('skipToContent')}
      </a>
      <Sidebar route={route} />
      <div class="body">
        <div class="topbar">
          <NamespacePicker onChange={onNamespaces} />
          <span class="spacer" />
          <button type="button" onClick={onTheme} data-theme-switch>
            {theme === 'dark' ? t('light') : t('dark')}
          </button>
          <button type="button" onClick={onLanguage} data-language-switch>
            {t('language')}
          </button>
          <button type="button" onClick={() => setHelpOpen(true)} aria-label={t('keys')}>
            ?
          </button>
          <span class="who" title={session.groups.join(', ')}>
            {t('loggedInAs', { user: session.user })}
          </span>
          <button type="button" onClick={onLogout}>
            {t('logOut')}
          </button>
        </div>
        <main id="content" tabIndex={-1}>
          <Page route={route} />
        </main>
      </div>
      {isHelpOpen && <Help onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

function Page({ route }: { readonly route: Route }) {
  const { t, kinds } = useShared();
  switch (route.page) {
    case 'overview':
      return <Overview />;
    case 'addons':
      return <AddonsView />;
    case 'map':
      return <MapView />;
    default: {
      const kind = kinds.find(({ group, plural }) => group === route.group && plural === route.plural);
      if (kind === undefined) return <p class="empty">{t('nothing')}</p>;
      if (route.page === 'list') return <ListView key={`${kind.group}/${kind.plural}`} kind={kind} />;
      const { namespace, name, tab } = route;
      return (
        <ObjectView
          key={`${kind.plural}/${namespace ?? ''}/${name}`}
          kind={kind}
          namespace={namespace}
          name={name}
          tab={tab}
        />
      );
    }
  }
}
