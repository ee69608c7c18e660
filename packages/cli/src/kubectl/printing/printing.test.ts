import { describe, expect, it } from 'vitest';
import { elasticTabs } from '../describe/elastic-tabs.js';
import { compileJsonPathTemplate } from './json-path-template.js';
import { textColumns } from './text-columns.js';

const list = {
  items: [
    {
      metadata: { name: 'a', labels: { 'x.y/z': '1' } },
      status: { conditions: [{ type: 'Ready', status: 'True' }], ports: [1, 2] },
    },
    { metadata: { name: 'b' }, status: { conditions: [{ type: 'Ready', status: 'False' }], ports: [] } },
  ],
};

describe('jsonpath', () => {
  it.each([
    ['{.items[*].metadata.name}', 'a b'],
    ['.items[0].metadata.name', 'a'],
    ['{$.items[-1].metadata.name}', 'b'],
    [
      '{range .items[*]}{.metadata.name}{"\\t"}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}',
      'a\tTrue\nb\tFalse\n',
    ],
    ['{.items[0].metadata.labels.x\\.y/z}', '1'],
    ["{.items[0].metadata.labels['x.y/z']}", '1'],
    ['{.items[0].status.ports}', '[1,2]'],
    ['name={.items[1].metadata.name}!', 'name=b!'],
    ['{.nothing}', ''],
    ['{range .items[*]}{@.metadata.name},{end}', 'a,b,'],
  ])('%s', (template, expected) => {
    expect(compileJsonPathTemplate(template)(list)).toBe(expected);
  });

  it.each(['{.a', '{range .items[*]}', '{end}'])('refuses %s', (template) => {
    expect(() => compileJsonPathTemplate(template)).toThrow();
  });
});

describe('columns', () => {
  it('are three spaces apart, at least six wide, with nothing behind the last', () => {
    expect(
      textColumns([
        ['NAME', 'A', 'LAST'],
        ['longer-name', '1', 'x'],
      ]),
    ).toBe('NAME          A     LAST\nlonger-name   1     x\n');
  });

  it('line up with those printed before', () => {
    const widths: number[] = [];
    textColumns([['a-long-name', '1']], widths);
    expect(textColumns([['short', '2']], widths)).toBe('short         2\n');
  });

  it.each([
    ['a:\t1\nlong:\t2', 'a:     1\nlong:  2'],
    ['a:\t1\n\nlong:\t2', 'a:  1\n\nlong:  2'],
    ['  x\ty\tz\n  xxx\tyyy\tz', '  x    y    z\n  xxx  yyy  z'],
    ['a\tb\nno tabs\nlonger\tc', 'a  b\nno tabs\nlonger  c'],
  ])('line up by tabs: %j', (text, expected) => {
    expect(elasticTabs(text)).toBe(expected);
  });
});
