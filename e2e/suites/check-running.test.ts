import { describe, expect, it } from 'vitest';
import { running } from '../check/running.ts';
import { check, codesOf, goodRun, type History, history } from './evidence-builder.ts';

const judged = (told: History) => check(running, told);

describe('running', () => {
  it.each([
    ['ends with an exit code', (told: History) => told.crashed('host'), 'ended by itself with exit code 1'],
    [
      'ends with exit code 0',
      (told: History) => told.exited('host', { exitCode: 0, expected: false }),
      'ended by itself with exit code 0',
    ],
    [
      'is ended by a signal of somebody else',
      (told: History) => told.exited('host', { signal: 'SIGSEGV', expected: false }),
      'ended by SIGSEGV unasked',
    ],
    [
      'does not get healthy',
      (told: History) => told.startFailed('host', 'no /health in 30 s'),
      'did not start: no /health',
    ],
  ])('fails when a process %s', (_how, end, said) => {
    const result = judged(end(goodRun()));
    expect(codesOf(result)).toEqual(['service-not-started']);
    expect(result.findings[0]?.message).toContain(said);
    expect(result.findings[0]?.message).toContain('no SQLite error in its last lines');
  });

  it('makes one finding per process', () => {
    const told = goodRun().crashed('host').crashed('agent').startFailed('host', 'gone').crashed('host');
    const result = judged(told);
    expect(result.findings.map((finding) => finding.message.match(/expected (\w+) .* (\d) times/)?.slice(1))).toEqual([
      ['host', '3'],
      ['agent', '1'],
    ]);
    expect(result.figures).toMatchObject({ failures: 4 });
  });

  it('names the SQLite error that ended it', () => {
    const result = judged(goodRun().crashed('host', "code: 'SQLITE_BUSY'"));
    expect(result.findings[0]?.message).toContain('SQLITE_BUSY in its last lines');
  });

  it('bounds the lines it quotes', () => {
    const lines = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(1_000)}`);
    const { evidence = [] } = judged(goodRun().crashed('host', ...lines)).findings[0] ?? {};
    const [kept] = evidence as { lastLines: string[] }[];
    expect(kept?.lastLines).toHaveLength(20);
    expect(kept?.lastLines.at(-1)).toMatch(/^499 x+… \(1004 characters\)$/);
  });

  it('lets a process be stopped and killed on purpose', () => {
    expect(judged(goodRun()).verdict).toBe('pass');
  });

  it('is unknown when a process was never started', () => {
    const result = judged(history().started('host'));
    expect(result.verdict).toBe('unknown');
    expect(result.findings[0]?.message).toContain('seen none of agent');
  });

  it('does not call unknown what failed to start', () => {
    expect(codesOf(judged(history().started('host').startFailed('agent', 'gone')))).toEqual(['service-not-started']);
  });
});
