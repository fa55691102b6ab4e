/** Goal: whatever a service wrote stays text. Method: the signs that HTML, XML, JSON, shells and bidi turn on, one by one. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandAgain, shellWord } from '../report/html/again.ts';
import { html, quoted, scriptJson } from '../report/html/markup.ts';
import { plain } from '../report/plain-text.ts';
import { factsOf } from './report/pages.ts';

describe('markup', () => {
  test('escapes what is put in, and not what was markup already', () => {
    expect(`${html`<p title="${'"&\''}">${'<b>'}${html`<i>${1}</i>`}${null}${['a', '<']}</p>`}`).toBe(
      '<p title="&#34;&#38;&#39;">&#60;b&#62;<i>1</i>a&#60;</p>',
    );
  });

  test('cuts long text and says how long it was', () => {
    expect(plain('x'.repeat(1_000_000), 5)).toBe('xxxxx… (1000000 characters)');
  });

  test('cuts no sign in half', () => {
    expect(plain(`ab${'😀'.repeat(3)}`, 3).isWellFormed()).toBe(true);
  });

  test.each(['\u202e', '\u2066', '\u2069', '\u200f', '\u061c', '\u0000', '\u001b', '\ufeff'])(
    'shows what would turn or hide text: %j',
    (sign) => {
      const code = (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      expect(`${quoted(`a${sign}b`)}`).toBe(`<bdi>a⟨U+${code}⟩b</bdi>`);
    },
  );

  test('leaves Thai, Hebrew and Arabic as they are', () => {
    const text = 'บันทึกน้ำ שלום مرحبا';
    expect(`${quoted(text)}`).toBe(`<bdi>${text}</bdi>`);
  });

  test('JSON in a script is the same JSON, and ends no element', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (noise) => {
        const value = { text: `${noise}</script><!--\u2028]]>` };
        const text = `${scriptJson(value)}`;
        expect(text).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('the command that runs it again', () => {
  const schedule = [
    { fault: 'restart', times: null, everyMs: null },
    { fault: 'kill', times: 3, everyMs: 2_000 },
    { fault: 'pause', times: 1, everyMs: null },
  ];

  test('spells out what was drawn or chosen', () => {
    const options = {
      clients: 4,
      ratePerSecond: 900,
      durationMs: 10_000,
      control: { durationMs: 3_000 },
      sideBySide: true,
      schedule,
    };
    expect(commandAgain(factsOf({ options }))).toBe(
      "npx walproof verify notes --engine process --seed 7 --duration 10000ms --clients 4 --rate 900 --faults 'restart,kill*3@2000ms,pause*1' --side-by-side",
    );
  });

  test('names another db module, and the missing control', () => {
    const subject = { variant: 'mine.ts', file: "/a b/it's.ts" };
    expect(commandAgain(factsOf({ services: [{ name: 'notes', subject }] }))).toMatch(
      / --faults none --db-module 'notes=\/a b\/it'\\''s\.ts' --no-control$/,
    );
  });

  test('is a soak as it was: side by side, unless it was told not to', () => {
    const options = { control: null };
    expect(commandAgain(factsOf({ options, command: ['soak'] }))).toMatch(/--side-by-side$/);
    expect(commandAgain(factsOf({ options, command: ['soak', '--no-side-by-side'] }))).not.toMatch(/side-by-side/);
  });

  test('is none for what the command line cannot make', () => {
    expect(commandAgain(factsOf({ scenario: 'nanoclaw/kill-during-append' }))).toBeNull();
  });

  test('is read back by a shell as it was meant', () => {
    const words = ["it's", '$(touch /tmp/x)', 'a b', '*', '`id`', '\\', 'ไทย', '"'];
    const echoed = execFileSync('sh', ['-c', `printf '%s\\n' ${words.map(shellWord).join(' ')}`], { encoding: 'utf8' });
    expect(echoed.split('\n').slice(0, -1)).toEqual(words);
  });
});
