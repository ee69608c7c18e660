import { stringify } from 'yaml';
import type { StyledLine } from './styled-text.js';
import { plainLine } from './styled-text.js';

/** YAML of any value as people read it: no aliases, no folded lines. */
export const toYaml = (value: unknown): string =>
  stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, version: '1.1' });

const keyed = /^(\s*(?:- )*)([^\s:#][^:]*?)(:)(?:\s(.*))?$/;

/** YAML with its keys, strings, numbers and literals told apart. */
export function yamlLines(text: string): readonly StyledLine[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      if (/^\s*#/.test(line)) return plainLine(line, 'comment');
      const match = keyed.exec(line);
      if (match === null) {
        const [, dash = '', value = ''] = /^(\s*(?:- )*)(.*)$/.exec(line) ?? [];
        return [
          { text: dash, paint: 'dim' },
          { text: value, paint: valuePaint(value) },
        ];
      }
      const [, indent = '', key = '', colon = '', value] = match;
      return [
        { text: indent, paint: 'dim' },
        { text: key, paint: 'key' },
        { text: value === undefined ? colon : `${colon} `, paint: 'dim' },
        ...(value === undefined ? [] : [{ text: value, paint: valuePaint(value) } as const]),
      ];
    });
}

function valuePaint(value: string): 'number' | 'literal' | 'string' {
  if (/^-?\d+(\.\d+)?$/.test(value)) return 'number';
  return /^(true|false|null|~|\[\]|\{\})$/.test(value) ? 'literal' : 'string';
}
