/** Claim: a container's output is taken apart into its lines, however the daemon cuts it. Method: frames made by hand. */
import { describe, expect, test } from 'vitest';
import { LineCutter, LogFrames } from '../engine/docker/log-frames.ts';

describe('log frames', () => {
  test('frames are taken apart wherever a chunk ends, and lines wherever a character does', () => {
    const text = 'สวัสดี\u2028 still one line\nnext\r\n';
    const frames = [frame(1, text), frame(2, 'complaint'), frame(1, 'no line feed')];
    for (const size of [1, 2, 3, 7, 1_000]) {
      const seen: string[] = [];
      const cutters = {
        stdout: new LineCutter((line) => seen.push(line)),
        stderr: new LineCutter((line) => seen.push(`stderr ${line}`)),
      };
      const parser = new LogFrames((name, bytes) => cutters[name].write(bytes));
      const bytes = Buffer.concat(frames);
      for (let at = 0; at < bytes.length; at += size) parser.write(bytes.subarray(at, at + size));
      cutters.stdout.end();
      cutters.stderr.end();
      expect(seen).toEqual(['สวัสดี\u2028 still one line', 'next', 'no line feed', 'stderr complaint']);
    }
  });

  test('a chunk of a hundred thousand frames is taken apart', () => {
    let lines = 0;
    const cutter = new LineCutter(() => {
      lines += 1;
    });
    const parser = new LogFrames((_, bytes) => cutter.write(bytes));
    parser.write(Buffer.concat(Array.from({ length: 100_000 }, () => frame(1, '.\n'))));
    expect(lines).toBe(100_000);
  });
});

function frame(stream: 1 | 2, text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}
