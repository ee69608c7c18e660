import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../status.js';
import { formatLabelSelector, labelSelectorOf, matchesLabels } from './label-selector.js';
import { parseLabelSelector } from './parse-label-selector.js';

const labels = { app: 'web', tier: 'front', weight: '7', empty: '' };

describe('label selectors', () => {
  it.each([
    ['', true],
    ['app=web', true],
    ['app==web', true],
    [' app = web , tier in (front, back) ', true],
    ['app=db', false],
    ['app!=db', true],
    ['missing!=db', true],
    ['app!=web', false],
    ['tier in (front,back)', true],
    ['tier in (back)', false],
    ['tier notin (back)', true],
    ['missing notin (back)', true],
    ['missing in (back)', false],
    ['app', true],
    ['!app', false],
    ['! missing', true],
    ['missing', false],
    ['weight>6', true],
    ['weight<7', false],
    ['app>6', false],
    ['empty=', true],
    ['empty in (,x)', true],
    ['in in (in)', false],
    ['!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name', true],
  ])('%j is %s for the labels', (text, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  it.each([
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    [
      'a in ()',
      `unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty`,
    ],
    ['a>x', `the value must be an integer`],
    ['a_/b', 'unable to parse requirement: key: Invalid value: "a_/b": prefix part a lowercase RFC 1123 subdomain'],
    ['a=b?', 'unable to parse requirement: values[0][a]: Invalid value: "b?": a valid label must be an empty string'],
  ])('refuses %j and says why', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
    expect(() => parseLabelSelector(text)).toThrow(ApiError);
  });

  it('selects everything by an empty LabelSelector object and nothing by an absent one', () => {
    expect(matchesLabels(labelSelectorOf({}), undefined)).toBe(true);
    expect(matchesLabels(labelSelectorOf(undefined), labels)).toBe(false);
  });

  it('joins matchLabels and matchExpressions by and', () => {
    const requirements = labelSelectorOf({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['back', 'back'] }],
    });
    expect(formatLabelSelector(requirements)).toBe('app=web,tier notin (back)');
    expect(matchesLabels(requirements, labels)).toBe(true);
    expect(matchesLabels(requirements, { app: 'web', tier: 'back' })).toBe(false);
  });

  it('refuses an operator that does not exist', () => {
    expect(() => labelSelectorOf({ matchExpressions: [{ key: 'a', operator: 'Like' }] })).toThrow(
      '"Like" is not a valid label selector operator',
    );
  });

  it('never takes a label from the prototype', () => {
    expect(matchesLabels(parseLabelSelector('constructor'), {})).toBe(false);
    expect(matchesLabels(parseLabelSelector('!toString'), {})).toBe(true);
  });

  const key = fc.stringMatching(/^[a-z]{1,4}$/);
  const value = fc.stringMatching(/^[a-z0-9]{0,3}$/);
  const requirement = fc.oneof(
    fc.tuple(key, fc.constantFrom('=', '!='), value).map(([k, op, v]) => `${k}${op}${v}`),
    fc
      .tuple(key, fc.constantFrom('in', 'notin'), fc.array(value, { minLength: 1, maxLength: 3 }))
      .map(([k, op, vs]) => `${k} ${op} (${vs.join(',') || ','})`),
    fc.tuple(fc.constantFrom('', '!'), key).map(([not, k]) => `${not}${k}`),
    fc.tuple(key, fc.constantFrom('>', '<'), fc.integer({ min: 0, max: 99 })).map(([k, op, n]) => `${k}${op}${n}`),
  );
  const selector = fc.array(requirement, { maxLength: 4 }).map((parts) => parts.join(','));

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(selector, (text) => {
        const requirements = parseLabelSelector(text);
        expect(parseLabelSelector(formatLabelSelector(requirements))).toEqual(requirements);
      }),
    );
  });

  it('a selector and its opposite never agree', () => {
    const pairs: readonly (readonly [string, string])[] = [
      ['a=x', 'a!=x'],
      ['a in (x,y)', 'a notin (x,y)'],
      ['a', '!a'],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...pairs), fc.dictionary(key, value), ([yes, no], set) => {
        expect(matchesLabels(parseLabelSelector(yes), set)).toBe(!matchesLabels(parseLabelSelector(no), set));
      }),
    );
  });

  it('answers any text with requirements or BadRequest, never with another error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab(),=!<> \\"/in') }), (text) => {
        try {
          parseLabelSelector(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          expect((error as ApiError).status.reason).toBe('BadRequest');
        }
      }),
    );
  });
});
