/**
 * Goal:   what the services take from outside is what they say they take, and what they refuse is named.
 * Method: the schemas that several of them share, no process; numbers and times against a naive oracle.
 * Red as: a number with a sign, a day that the month does not have, a field that is not named.
 */
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { isoTime, problemOf, text, wholeNumber } from '../../fixtures/service-kit/src/input.ts';

const takes = (schema: v.GenericSchema<unknown, unknown>, input: unknown) => v.is(schema, input);

describe('a whole number', () => {
  const port = wholeNumber(1, 65_535, 47_779);

  test('is taken in decimal digits within its bounds', () => {
    const within = fc.integer({ min: 1, max: 65_535 });
    fc.assert(fc.property(within, (number) => v.parse(port, String(number)) === number));
    fc.assert(fc.property(fc.integer(), (number) => takes(port, String(number)) === (number >= 1 && number <= 65_535)));
  });

  test.each(['', ' ', '0', '65536', '-1', '+1', '1.5', '1e3', '0x10', ' 7', '99999999999', 'http', 7, null])(
    'is not %j',
    (input) => expect(takes(port, input)).toBe(false),
  );

  test('is the default where there is none', () => expect(v.parse(port, undefined)).toBe(47_779));
});

describe('a time', () => {
  test('is stored in UTC with milliseconds, whatever its offset', () => {
    const minutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
    const date = fc.date({ min: new Date('1971-01-01'), max: new Date('9998-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(date, minutes, (utc, offset) => {
        const local = new Date(utc.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const pad = (part: number) => String(Math.trunc(part)).padStart(2, '0');
        const sign = offset < 0 ? '-' : '+';
        const written = `${local}${sign}${pad(Math.abs(offset) / 60)}:${pad(Math.abs(offset) % 60)}`;
        expect(v.parse(isoTime, written)).toBe(utc.toISOString());
      }),
    );
  });

  test.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00Z', '2026-01-31T12:00:00.000Z'],
    ['2024-02-29T23:59:59.9999999Z', '2024-02-29T23:59:59.999Z'],
  ])('%s is %s', (written, stored) => expect(v.parse(isoTime, written)).toBe(stored));

  test.each([
    '2026-02-29T12:00:00Z',
    '2026-02-31T12:00:00+07:00',
    '2026-13-01T12:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:60:00Z',
    '2026-01-31T12:00:00+25:00',
    '2026-01-31T12:00:00',
    '2026-01-31 12:00:00Z',
    '2026-01-31',
    'Jan 31 2026 12:00 UTC',
    '',
    1_769_860_800_000,
  ])('is not %j', (input) => expect(takes(isoTime, input)).toBe(false));
});

test('text is neither empty nor longer than was said', () => {
  expect(['', 'a', 'abc', 'abcd', 7, null].map((input) => takes(text(3), input))).toEqual([
    false,
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(takes(text(), 'x'.repeat(1_000_000))).toBe(true);
});

describe('what is wrong is said', () => {
  const schema = v.object({ name: text(3), list: v.optional(v.array(v.object({ port: wholeNumber(1, 9, 1) }))) });

  test.each<[string, unknown, string, string]>([
    ['a field that is missing', {}, 'name', 'is missing'],
    ['an empty one', { name: '' }, 'name', 'must not be empty'],
    ['one that is too long', { name: 'long' }, 'name', 'must be at most 3 characters'],
    ['one deep inside', { name: 'a', list: [{}, { port: 'x' }] }, 'list.1.port', 'expected a whole number from 1 to 9'],
    ['all of it', 7, '', 'Invalid type: Expected Object but received 7'],
    ['nothing', undefined, '', 'is missing'],
  ])('%s', (_, input, path, message) => {
    const { issues } = v.safeParse(schema, input);
    expect(issues?.map(problemOf)).toEqual([{ path, message }]);
  });
});
