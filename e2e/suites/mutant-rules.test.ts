/**
 * Goal: every rule fits the present sources exactly once, gives TypeScript that Node can run, and says so when it does not.
 * Method: all mutants are derived from the sources as they are and stripped of their types as Node does it at start.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKERS } from '../check/index.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { WalproofError } from '../model/errors.ts';
import { applied, derive, writeOut } from '../mutants/derive.ts';
import { proofOf } from '../mutants/equivalence.ts';
import { MUTANTS, mutantsNamed, RULES } from '../mutants/index.ts';
import { SERVICES } from '../services/index.ts';
import { goodRun } from './evidence-builder.ts';

/** Checks that rules name and that are written apart from them. */
const CHECKS = [
  ...CHECKERS.map(({ name }) => name),
  'delivery',
  'search-index',
  'liveness',
  'wal-bounded',
  'wal-generation',
];

const errorOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('the rules', () => {
  test('are at least 24 mutants over both services, each with a name of its own', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(24);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    for (const { definition } of SERVICES) {
      expect(MUTANTS.filter(({ service }) => service === definition).length).toBeGreaterThanOrEqual(12);
    }
  });

  test('name services, checks and files that exist', () => {
    for (const rule of RULES) {
      expect(CHECKS).toContain(rule.expected);
      for (const name of Object.keys(rule.edits))
        expect(SERVICES.map(({ definition }) => definition.name)).toContain(name);
    }
  });

  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s fits the sources and runs',
    async (_name, mutant) => {
      const sources = await derive(mutant);
      expect(sources.size).toBeGreaterThan(0);
      for (const [path, text] of sources) {
        expect(text).not.toBe(readFileSync(join(PROJECT_ROOT, path), 'utf8'));
        expect(() => stripTypeScriptTypes(text)).not.toThrow();
      }
    },
  );

  test('leave the sources alone, and their own files only while they are needed', async () => {
    const [mutant] = MUTANTS;
    if (mutant === undefined) throw new RangeError('no mutants');
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('walproof-mutant-'));
    const before = left();
    {
      await using written = await writeOut(await derive(mutant));
      const [[path, file] = ['', '']] = written.overlay;
      expect(readFileSync(file, 'utf8')).not.toBe(readFileSync(join(PROJECT_ROOT, path), 'utf8'));
    }
    expect(left()).toEqual(before);
  });
});

describe('a rule that is stale', () => {
  test.each([
    ['matches nothing any more', 'no such line', 'x', /exactly once in a\.ts, but it is found 0 times/],
    ['matches twice', 'one', 'x', /it is found 2 times/],
    ['matches twice as an expression', /o(?=ne)/g, 'x', /it is found 2 times/],
    ['changes nothing', 'two', 'two', /it changes nothing/],
  ])('%s', (_name, find, replace, message) => {
    const error = errorOf(() => applied('one two one', { file: 'a.ts', find, replace }, 'nanoclaw/some-rule'));
    expect(error).toBeInstanceOf(WalproofError);
    expect(error).toMatchObject({ code: 'MUTANT_RULE_STALE', exitCode: 64, message: expect.stringMatching(message) });
    expect((error as WalproofError).message).toContain('nanoclaw/some-rule');
    expect((error as WalproofError).next).toContain('e2e/mutants/rules/');
  });

  test('text with a dollar sign is put in as it is', () => {
    expect(applied('a b', { file: 'a.ts', find: 'b', replace: '$&$1' }, 'm')).toBe('a $&$1');
  });
});

describe('mutants are chosen', () => {
  const names = SERVICES.map(({ definition }) => definition.name);

  test('by service, by name, and by rule on every service', () => {
    expect(mutantsNamed(['nanoclaw'], []).every(({ service }) => service.name === 'nanoclaw')).toBe(true);
    expect(mutantsNamed(names, ['nanoclaw/timeout-0']).map(({ name }) => name)).toEqual(['nanoclaw/timeout-0']);
    expect(mutantsNamed(names, ['timeout-0']).map(({ name }) => name)).toEqual([
      'nanoclaw/timeout-0',
      'oracle-v2/timeout-0',
    ]);
  });

  test('by a name that there is not: UNKNOWN_MUTANT', () => {
    expect(errorOf(() => mutantsNamed(names, ['timeout-1']))).toMatchObject({ code: 'UNKNOWN_MUTANT', exitCode: 64 });
  });
});

describe('the proof of an equivalent mutant', () => {
  const baseline = goodRun().evidence();

  test('needs connections that attested', () => {
    const silent = { ...baseline, observations: [] };
    expect(proofOf('because', silent, silent)).toBeNull();
  });

  test('needs the same pragmas', () => {
    const other = goodRun().attested('host', { cacheSize: -2_000 }).evidence();
    expect(proofOf('because', baseline, other)).toBeNull();
    expect(proofOf('because', baseline, baseline)).toMatchObject({
      reason: 'because',
      lockErrors: { baseline: 0, mutant: 0 },
    });
  });
});
