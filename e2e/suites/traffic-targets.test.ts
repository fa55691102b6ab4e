/** Goal: traffic goes on beside a process that is down. Method: turns over a clock that the test moves. */
import { describe, expect, test } from 'vitest';
import { Rotation, UNREACHABLE_MS } from '../traffic/targets.ts';

describe('rotation', () => {
  const at = (rotation: Rotation, turns: number) => Array.from({ length: turns }, (_, turn) => rotation.at(turn));

  test('takes the targets in turn', () => {
    expect(at(new Rotation(['a', 'b']), 4)).toEqual(['a', 'b', 'a', 'b']);
  });

  test('leaves out a target that could not be reached, for a moment', () => {
    let nowMs = 0;
    const rotation = new Rotation(['a', 'b'], () => nowMs);
    rotation.unreachable('a');
    expect(at(rotation, 4)).toEqual(['b', 'b', 'b', 'b']);
    nowMs = UNREACHABLE_MS;
    expect(at(rotation, 4)).toEqual(['a', 'b', 'a', 'b']);
  });

  test('says when none may be asked, and still names one', () => {
    let nowMs = 0;
    const rotation = new Rotation(['a', 'b'], () => nowMs);
    rotation.unreachable('a');
    expect(rotation.isExhausted).toBe(false);
    rotation.unreachable('b');
    expect(rotation.isExhausted).toBe(true);
    expect(at(rotation, 2)).toEqual(['a', 'b']);
    nowMs = UNREACHABLE_MS;
    expect(rotation.isExhausted).toBe(false);
  });
});
