/** Multipliers of xxHash: odd, so that a step can be undone, and texts that differ in one step never share their bits. */
const [FIRST, SECOND] = [0x9e3779b1, 0x85ebca77];

/**
 * 64 bits that stand for a text. Of 10 million keys any two share them with a chance of 3 in a million; a Map of the texts
 * themselves would take a gigabyte, and each look into it a cache miss. One object is used again for text after text.
 */
export class Digest {
  /** 32 bits each, unsigned. */
  high = 0;
  low = 0;

  take(text: string): void {
    let a = FIRST;
    let b = SECOND;
    const { length } = text;
    let at = 0;
    // Four UTF-16 code units at a time, as two words. For given words the step can be undone.
    for (; at + 3 < length; at += 4) {
      const word = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
      const next = text.charCodeAt(at + 2) | (text.charCodeAt(at + 3) << 16);
      a = (Math.imul(a ^ word, FIRST) + b) | 0;
      b = Math.imul(((b << 13) | (b >>> 19)) ^ next, SECOND) ^ a;
    }
    for (; at < length; at++) {
      a = (Math.imul(a ^ text.charCodeAt(at), FIRST) + b) | 0;
      b = Math.imul((b << 13) | (b >>> 19), SECOND) ^ a;
    }
    a = stirred(a ^ length);
    b = stirred(b + length);
    this.high = (a + b) >>> 0;
    this.low = (a + 2 * b) >>> 0;
  }

  /** 53 of the bits as one number: enough where a text is compared with those under the same key alone. */
  get number(): number {
    return (this.high & 0x1fffff) * 0x1_0000_0000 + this.low;
  }
}

/** The end of MurmurHash3: each bit of the input changes each bit of the output half of the time. */
function stirred(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
