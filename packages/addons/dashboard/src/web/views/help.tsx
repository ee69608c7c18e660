import { useShared } from '../state/context.js';
import { Dialog } from './dialog.js';

export function Help({ onClose }: { readonly onClose: () => void }) {
  const { t } = useShared();
  const keys = [
    ['/', t('keyFilter')],
    ['g  p d s n o a m', t('keyGo')],
    ['j  k  Enter', t('keyMove')],
    ['t', t('keyTheme')],
    ['Esc', t('keyEscape')],
    ['?', t('keyHelp')],
  ] as const;
  return (
    <Dialog title={t('keys')} onClose={onClose}>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <>
            <dt>
              {key.split('  ').map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
      <footer>
        <button type="button" class="primary" onClick={onClose}>
          {t('close')}
        </button>
      </footer>
    </Dialog>
  );
}
