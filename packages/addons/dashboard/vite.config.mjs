import { defineConfig } from 'vite';

/** The browser's part: `src/web` → `dist/web`. No module preload polyfill: it would be a script of its own. */
export default defineConfig({
  root: 'src/web',
  base: '/',
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    assetsInlineLimit: 0,
  },
});
