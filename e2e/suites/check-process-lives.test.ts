import { describe, expect, it } from 'vitest';
import { downtimes, processLives } from '../check/process-lives.ts';
import { type History, history } from './evidence-builder.ts';

const livesOf = (told: History) =>
  processLives(told.evidence()).map(({ process, incarnation, startedAtMs, endedAtMs, exit }) => [
    `${process} ${incarnation}`,
    startedAtMs,
    endedAtMs,
    exit?.signal ?? exit?.exitCode ?? null,
  ]);
const downtimesOf = (told: History) => downtimes(told.evidence()).map(({ fromMs, untilMs }) => [fromMs, untilMs]);

describe('process lives', () => {
  it('reach from each start to its end', () => {
    const told = history().started('host').at(10).killed('host').at(20).started('host').at(30).stopped('host');
    expect(livesOf(told)).toEqual([
      ['host 1', 0, 10, 'SIGKILL'],
      ['host 2', 20, 30, 0],
    ]);
  });

  it('have no end while the process lives', () => {
    expect(livesOf(history().started('host'))).toEqual([['host 1', 0, Number.POSITIVE_INFINITY, null]]);
  });
});

describe('an end that is told after the next start', () => {
  const late = () =>
    history().started('host').at(10).started('host').at(15).exited('host', { incarnation: 1, signal: 'SIGKILL' });

  it('belongs to the life that ended, which lasted until then: in a rolling restart two live at once', () => {
    expect(livesOf(late())).toEqual([
      ['host 1', 0, 15, 'SIGKILL'],
      ['host 2', 10, Number.POSITIVE_INFINITY, null],
    ]);
  });

  it('is no downtime, since the process runs', () => {
    expect(downtimesOf(late())).toEqual([]);
  });

  it('does not hide how the newest life ended', () => {
    const told = history().started('host', 'agent').at(10).started('host').at(20).stopped('host').at(25);
    told.exited('host', { incarnation: 1, signal: 'SIGKILL' }).at(30).stopped('agent');
    const [downtime] = downtimes(told.evidence());
    expect(downtime?.fromMs).toBe(30);
    expect(downtime?.exits.map(({ process, exitCode }) => [process, exitCode])).toEqual([
      ['host', 0],
      ['agent', 0],
    ]);
    expect(livesOf(told)[2]).toEqual(['host 2', 10, 20, 0]);
  });
});
