import { ApiFailure } from '../api/request.js';
import { useShared } from '../state/context.js';

/** What keeps a part of the page from showing something. */
export function Notice({ error }: { readonly error: Error | undefined }) {
  const { t } = useShared();
  if (error === undefined) return null;
  const isForbidden = error instanceof ApiFailure && error.code === 403;
  return (
    <div class="notice" role="alert">
      {isForbidden ? t('forbidden', { message: error.message }) : t('reconnecting', { message: error.message })}
      {isForbidden && <div class="hint">{t('forbiddenHint')}</div>}
    </div>
  );
}
