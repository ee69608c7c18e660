import nx from '@nx/eslint-plugin';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What each layer may import; docs/architecture.md draws the same picture. */
const layers = [
  { sourceTag: 'layer:api', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'layer:client', onlyDependOnLibsWithTags: ['layer:api'] },
  { sourceTag: 'layer:part', onlyDependOnLibsWithTags: ['layer:api', 'layer:client'] },
  { sourceTag: 'layer:addon', onlyDependOnLibsWithTags: ['layer:api', 'layer:client', 'scope:addon-sdk'] },
  { sourceTag: 'layer:cli', onlyDependOnLibsWithTags: ['layer:api', 'layer:client', 'layer:part', 'layer:addon'] },
  {
    sourceTag: 'layer:e2e',
    onlyDependOnLibsWithTags: ['layer:api', 'layer:client', 'layer:part', 'layer:addon', 'layer:cli'],
  },
];

/** Refuses imports of `pattern` below `files`: walls inside a package. */
const wall = (files, group, message) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ group, message }] }] },
});

export default [
  { ignores: ['**/dist/**', '**/test-output/**', '**/generated/**', '**/node_modules/**', '.nx/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  { plugins: { '@nx': nx } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { enforceBuildableLibDependency: true, allow: [], depConstraints: layers, banTransitiveDependencies: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { defaultFrom: true } }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported, one by one.' },
        { selector: 'TSEnumDeclaration', message: 'Use a string union.' },
      ],
      eqeqeq: ['error', 'always'],
      'no-control-regex': 'off',
    },
  },
  wall(
    ['packages/control-plane/src/{scheduler,controllers,addons}/**/*.ts'],
    ['**/apiserver/**', '**/store/**'],
    'Controllers, scheduler and addon reconciler reach the cluster through @geobuk/client only.',
  ),
  wall(
    ['packages/kubelet/src/pods/**/*.ts'],
    ['**/cri/**', '**/host/**'],
    'pods/ knows runtime/runtime.ts, never an engine behind it.',
  ),
  {
    // The generated table: one constant a resource, one type a definition, all of them public.
    files: ['packages/api/src/index.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
      },
    },
  },
];
