import { useState } from 'preact/hooks';
import { send } from '../api/request.js';
import type { Translate } from '../i18n/texts.js';
import type { SessionInfo } from '../state/context.js';

export interface LoginProps {
  readonly t: Translate;
  readonly problem: string;
  readonly onLogin: (session: SessionInfo) => void;
  readonly onLanguage: () => void;
}

/** Asks for a token; it goes to the server once and stays there. */
export function Login({ t, problem, onLogin, onLanguage }: LoginProps) {
  const [token, setToken] = useState('');
  const [failure, setFailure] = useState(problem);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    setFailure('');
    send('POST', '/session', { body: { token } })
      .then(async (answer) => onLogin((await answer.json()) as SessionInfo))
      .catch((error: Error) => setFailure(error.message))
      .finally(() => setBusy(false));
  };
  return (
    <main class="login">
      <form class="card" onSubmit={submit}>
        <Logo />
        <h1>Geobuk</h1>
        <p class="hint">{t('loginIntro')}</p>
        <label>
          {t('token')}
          <input
            type="password"
            name="token"
            autoComplete="off"
            spellcheck={false}
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p class="hint">{t('tokenHint')}</p>
        {failure !== '' && (
          <p class="notice" role="alert">
            {failure}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          {t('logIn')}
        </button>
        <button type="button" class="link" onClick={onLanguage}>
          {t('language')}
        </button>
      </form>
    </main>
  );
}

/** A turtle ship: the shell with its plates, the dragon's head, the waves. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 48 36" aria-hidden="true">
      <path d="M4 22 a17 17 0 0 1 34 0z" fill="var(--accent)" />
      <path d="m21 8 5 3v6l-5 3-5-3v-6zM10 14l4 2v5H7zM32 14l-4 2v5h7z" fill="var(--surface)" opacity=".75" />
      <path d="M38 22c0-9 3-12 8-12 1 2 0 4-2 5 0 5-2 8-6 8z" fill="var(--accent)" />
      <path d="M2 23h42l-6 8H9z" fill="var(--hull)" />
      <path d="M0 33q4-4 8 0t8 0 8 0 8 0 8 0 8 0" fill="none" stroke="var(--accent)" stroke-width="2" opacity=".7" />
    </svg>
  );
}
