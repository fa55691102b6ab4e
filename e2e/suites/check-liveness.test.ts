import { describe, expect, it } from 'vitest';
import { liveness } from '../check/liveness.ts';
import { check, codesOf, goodRun, type History } from './evidence-builder.ts';

/** In the good run `host` is restarted from 300 to 400 ms, `agent` is killed from 600 to 700, and traffic ends at 900. */
const judged = (told: History) => check(liveness, told);
const NO_ANSWER = { healthy: false, seen: 'no answer within 5000 ms' };

describe('standstills of the event loop', () => {
  it.each([
    [251, 0, 'fail'],
    [250, 0, 'pass'],
    [900, 700, 'pass'],
    [900, 600, 'fail'],
    [4_900, null, 'pass'],
    [5_000, null, 'fail'],
  ] as const)('of %s ms with %s ms without a CPU: %s', (durationMs, starvedMs, verdict) => {
    expect(judged(goodRun().at(710).stalled('host', durationMs, starvedMs)).verdict).toBe(verdict);
  });

  it('are no finding while a fault freezes the process, and are in any other', () => {
    const told = (process: string) => goodRun().fault('pause', 'agent', 420, 580).at(450).stalled(process, 300);
    expect(judged(told('agent')).verdict).toBe('pass');
    expect(codesOf(judged(told('host')))).toEqual(['event-loop-stalled']);
  });

  it('are a finding while a lock is held elsewhere: that is what is tested', () => {
    const told = goodRun().fault('hold-write-lock', 'notes', 420, 580).at(450).stalled('host', 300);
    expect(codesOf(judged(told))).toEqual(['event-loop-stalled']);
  });

  it('are no finding as far as the machine stood still meanwhile', () => {
    const told = (machineMs: number) => goodRun().at(720).machineStalled(machineMs).at(710).stalled('host', 400);
    expect(judged(told(150)).verdict).toBe('pass');
    expect(codesOf(judged(told(149)))).toEqual(['event-loop-stalled']);
    expect(codesOf(judged(goodRun().at(850).machineStalled(150).at(420).stalled('host', 400)))).toEqual([
      'event-loop-stalled',
    ]);
  });

  it('do not count outside of the traffic, where the harness freezes processes itself', () => {
    expect(judged(goodRun().at(1_050).stalled('host', 3_000)).verdict).toBe('pass');
  });
});

describe('health probes', () => {
  it.each([
    ['late', goodRun().at(450).probedHealth('host', 251)],
    [
      'late though the machine was busy',
      goodRun().at(450).probedHealth('host', 900, { starvedMs: 500, proberLateMs: 100 }),
    ],
    ['timed out', goodRun().at(450).probedHealth('host', 5_000, NO_ANSWER)],
    [
      'timed out, whatever the kernel knows',
      goodRun()
        .at(450)
        .probedHealth('host', 5_000, { ...NO_ANSWER, starvedMs: null }),
    ],
    ['refused', goodRun().at(450).probedHealth('host', 1, { healthy: false, seen: 'ECONNREFUSED' })],
    [
      'refused while another process is restarted',
      goodRun().at(350).probedHealth('agent', 1, { healthy: false, seen: 'HTTP 503' }),
    ],
  ])('fail when one is %s', (_, told) => {
    expect(codesOf(judged(told))).toEqual(['health-gap']);
  });

  it.each([
    [
      'late because there was no CPU',
      goodRun().at(450).probedHealth('host', 900, { starvedMs: 500, proberLateMs: 150 }),
    ],
    ['late, and nobody can say why', goodRun().at(450).probedHealth('host', 4_900, { starvedMs: null })],
    [
      'refused while the process is restarted',
      goodRun().at(350).probedHealth('host', 1, { healthy: false, seen: 'HTTP 503' }),
    ],
    [
      'asked while the process is down',
      goodRun().at(290).probedHealth('host', 20, { healthy: false, seen: 'ECONNRESET' }),
    ],
  ])('pass when one is %s', (_, told) => {
    expect(judged(told).verdict).toBe('pass');
  });

  it('excuse all processes by a fault of the whole service, and a crash by none', () => {
    const refused = { healthy: false, seen: 'ECONNREFUSED' };
    const all = goodRun().fault('kill-all', 'notes', 420, 580).at(430).killed('host', 'agent').started('host', 'agent');
    expect(judged(all.at(450).probedHealth('host', 1, refused).probedHealth('agent', 1, refused)).verdict).toBe('pass');
    const crashed = goodRun().fault('hold-write-lock', 'notes', 420, 580).at(430).crashed('host').started('host');
    expect(codesOf(judged(crashed.at(450).probedHealth('host', 1, refused)))).toEqual(['health-gap']);
  });

  it('excuse a restart whose exit is told late', () => {
    const told = goodRun().without('process-exited').at(500).stopped('host');
    const refused = { healthy: false, seen: 'ECONNREFUSED' };
    expect(judged(told.at(350).probedHealth('host', 1, refused)).verdict).toBe('pass');
  });

  it('count those that were late for want of CPU', () => {
    const told = goodRun().at(450).probedHealth('host', 900, { starvedMs: 800 });
    expect(judged(told).figures).toMatchObject({ lateByStarvation: 1, slowestHealthMs: 900, healthProbes: 80 });
  });
});

describe('the recovery after a fault', () => {
  const late = () =>
    goodRun()
      .withoutOps(({ calledAtMs, kind }) => calledAtMs > 400 || kind === 'read')
      .without('traffic')
      .traffic(100, 8_000);

  it('fails when the first acknowledged call comes too late', () => {
    const result = judged(late().at(5_500).ok('add-note', 'late', 'x'));
    expect(codesOf(result)).toEqual(['slow-recovery']);
    expect(result.findings[0]?.message).toContain(
      'seen 1 times none of a kind so soon (restart of host, no write by host)',
    );
  });

  it('passes at 5 s', () => {
    expect(judged(late().at(5_390).ok('add-note', 'late', 'x')).verdict).toBe('pass');
  });

  it('is that of the process that was hit, where the calls say whom they were sent to', () => {
    const told = late().at(410).ok('add-note', 'other', 'x', { target: 'agent' });
    expect(codesOf(judged(told.at(720).ok('add-note', 'third', 'x', { target: 'agent' })))).toEqual(['slow-recovery']);
  });

  it('is not shown by reads alone', () => {
    const told = goodRun()
      .withoutOps(({ calledAtMs, kind }) => calledAtMs > 400 && kind !== 'read')
      .traffic(100, 8_000);
    expect(judged(told).findings[0]?.message).toContain('no write by host');
  });

  it('does not take a call for a sign of life that left before the end of the fault', () => {
    const told = late().at(390).ok('add-note', 'before', 'x', { tookMs: 20 }).at(5_500).ok('add-note', 'late', 'x');
    expect(codesOf(judged(told))).toEqual(['slow-recovery']);
  });

  it('says nothing of a fault that took no effect', () => {
    expect(judged(late().but('fault', () => ({ tookEffect: false }))).verdict).toBe('pass');
  });
});

it.each([
  [
    'a process that does not watch its loop',
    (run: History) => run.without('loop-watched', ({ process }) => process === 'host'),
  ],
  [
    'a process that was never probed',
    (run: History) => run.without('health-summary', ({ process }) => process === 'agent'),
  ],
  ['a process that never answered a probe', (run: History) => run.but('health-summary', () => ({ healthy: 0 }))],
])('is unknown with %s', (_, change) => {
  const result = judged(change(goodRun()));
  expect([result.verdict, codesOf(result)]).toEqual(['unknown', ['not-exercised']]);
});
