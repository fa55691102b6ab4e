import { describe, expect, it } from 'vitest';
import { exercised } from '../check/exercised.ts';
import { check, codesOf, goodRun, type History, history } from './evidence-builder.ts';

const judged = (told: History) => check(exercised, told);

/** The messages, without the sentence that all share. */
function said(told: History): (string | undefined)[] {
  const result = judged(told);
  expect(new Set(codesOf(result))).toEqual(new Set(result.findings.length > 0 ? ['not-exercised'] : []));
  expect(result.verdict).toBe(result.findings.length > 0 ? 'unknown' : 'pass');
  return result.findings.map((finding) => finding.message.split(': ')[1]);
}

describe('exercised', () => {
  it('is unknown with too few acknowledged calls', () => {
    expect(said(goodRun().demanding({ okOps: 19 }))).toEqual(['expected 19 acknowledged calls or more, seen 18.']);
  });

  it('counts neither refused nor lost calls as acknowledged', () => {
    const told = goodRun().demanding({ okOps: 19 }).at(800).refused('add-note', 'r', 'x').info('add-note', 'i', 'x');
    expect(said(told)).toHaveLength(1);
  });

  it('is unknown without a traffic window', () => {
    expect(said(goodRun().without('traffic'))).toEqual(['expected a traffic window, seen none.']);
  });

  it.each([
    ['before restart of host', 0, 300],
    ['after restart of host and before kill of agent', 400, 600],
    ['after kill of agent', 700, 900],
  ])('is unknown with too few acknowledged calls %s', (when, fromMs, untilMs) => {
    const told = goodRun().demanding({ okOps: 0 });
    told.withoutOps((op) => op.kind === 'write' && op.calledAtMs >= fromMs && op.calledAtMs < untilMs);
    expect(said(told)).toEqual([`expected 6 acknowledged calls or more ${when}, seen 3.`]);
  });

  it.each([
    ['restart of host (300 to 400 ms)', 305],
    ['kill of agent (600 to 700 ms)', 605],
  ])('is unknown when nobody called during %s', (fault, calledAtMs) => {
    const told = goodRun().withoutOps((op) => op.calledAtMs === calledAtMs);
    expect(said(told)).toEqual([`expected calls during ${fault}, seen none.`]);
  });

  it('takes a call that spans a fault for one during it, not for one around it', () => {
    const told = goodRun().withoutOps((op) => op.calledAtMs === 305);
    told.at(250).ok('list-notes', undefined, undefined, { kind: 'read', tookMs: 200 });
    expect(said(told)).toEqual([]);
    told.withoutOps((op) => op.calledAtMs === 110);
    expect(said(told)).toEqual(['expected 6 acknowledged calls or more before restart of host, seen 5.']);
  });

  it('takes faults that overlap for one', () => {
    const told = goodRun().fault('pause', 'agent', 350, 405);
    expect(said(told)).toEqual([]);
    told.withoutOps((op) => op.calledAtMs === 305);
    expect(said(told)).toEqual(['expected calls during restart of host, pause of agent (300 to 405 ms), seen none.']);
  });

  it('asks for calls between faults that follow at once', () => {
    const told = goodRun().fault('kill', 'host', 700, 705).at(701).info('add-note', 'during', 'x');
    expect(said(told)).toEqual([
      'expected 6 acknowledged calls or more after kill of agent and before kill of host, seen 0.',
    ]);
  });

  it('counts a call that ends as a fault begins, and one that begins as it ends', () => {
    const told = history().ok('a').at(10).info('b').at(20).ok('c').fault('kill', 'host', 1, 20).traffic(0, 30);
    expect(said(told.demanding({ okOpsAroundFault: 1 }))).toEqual([]);
  });

  it('finds nobody calling in a fault that calls only touch', () => {
    const told = history().ok('a').at(20).ok('c').fault('kill', 'host', 1, 20).traffic(0, 30);
    expect(said(told)).toEqual(['expected calls during kill of host (1 to 20 ms), seen none.']);
  });

  it('counts a long call for each fault it spans', () => {
    const told = history().at(5).info('a', undefined, undefined, { tookMs: 100 }).traffic(0, 200);
    expect(said(told.fault('kill', 'host', 10, 20).fault('kill', 'host', 30, 40))).toEqual([]);
  });

  it('is unknown when a demanded fault never happened', () => {
    expect(said(goodRun().demanding({ faults: ['restart', 'pause'] }))).toEqual([
      'expected fault pause, seen it never happen.',
    ]);
  });

  it('is unknown when a demanded fault never took effect on one of its targets', () => {
    const told = goodRun().at(720).fault('kill', 'host', 701, 705, false).demanding({ okOpsAroundFault: 0 });
    told.at(702).info('add-note', 'during', 'x');
    expect(said(told)).toEqual([
      'expected fault kill to take effect on host, seen it without effect 1 times (pid 7 → 8).',
    ]);
  });

  it('lets a fault miss that hit the same target another time', () => {
    const told = goodRun().fault('kill', 'agent', 701, 705, false).demanding({ okOpsAroundFault: 0 });
    expect(said(told.at(702).info('add-note', 'during', 'x'))).toEqual([]);
  });

  it('lets a fault miss that nobody demanded', () => {
    const told = goodRun().fault('pause', 'agent', 350, 400, false);
    expect(said(told)).toEqual([]);
  });

  it('is unknown when a control was owed and none ran', () => {
    expect(said(goodRun().demanding({ controlResult: null }))).toEqual([
      'expected a control on the unpatched variant, seen no result of one.',
    ]);
  });

  it('is unknown when the control saw no busy', () => {
    const controlResult = { variant: 'unpatched', busy: 0, lostWrites: 7, okOps: 900 };
    expect(said(goodRun().demanding({ controlResult }))[0]).toContain('seen none in 900 acknowledged calls');
  });

  it('asks for no control that was not owed', () => {
    expect(said(goodRun().demanding({ control: false, controlResult: null }))).toEqual([]);
  });

  it('says all that is missing at once', () => {
    const told = history().demanding({ okOps: 1, faults: ['kill'], control: true });
    expect(said(told)).toHaveLength(4);
  });
});

describe('exercised in the control arm', () => {
  const control = () =>
    history()
      .as({ arm: 'control' })
      .demanding({ okOps: 500, faults: ['kill'], control: true });

  it('passes with an acknowledged call, whatever is demanded of the subject', () => {
    expect(said(control().ok('add-note', 'k', 'v'))).toEqual([]);
  });

  it('passes with a busy error and nothing acknowledged', () => {
    expect(said(control().sqliteError('host', 'SQLITE_BUSY'))).toEqual([]);
  });

  it('is unknown with neither', () => {
    const told = control().info('add-note', 'k', 'v').sqliteError('host', 'SQLITE_FULL');
    expect(said(told)).toEqual(['expected acknowledged calls or busy errors, seen neither.']);
  });
});
