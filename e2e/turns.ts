/** Who may start and who may load, so that one load at a time has the machine. */
import type { Turn } from './arm-plan.ts';

/** A turn that is given back however its arm ended: whoever waits for it must not wait for ever. */
export interface HeldTurn extends Turn {
  end(): void;
}

/**
 * Hands out turns one after the other. `overlapping`: a stack may start as soon as one load of the turn before has begun,
 * when those are done together and only to be refused, else as soon as it is over; `apart`: when the arms have ended. No load
 * begins before the arms of the turn before have ended.
 */
export class Turns {
  readonly #how: 'overlapping' | 'apart';
  /** Of the turn handed out last. */
  #before: Moments = { startable: Promise.resolve(), over: Promise.resolve() };

  constructor(how: 'overlapping' | 'apart') {
    this.#how = how;
  }

  /** One arm, after all that came before. */
  next(): HeldTurn {
    const [turn] = this.#hand(1, 'loadOver');
    return turn as HeldTurn;
  }

  /** So many arms at once. */
  together(count: number): HeldTurn[] {
    return count === 0 ? [] : this.#hand(count, 'loadBegan');
  }

  #hand(count: number, startable: 'loadBegan' | 'loadOver'): HeldTurn[] {
    const before = this.#before;
    const isApart = this.#how === 'apart';
    const held = Array.from({ length: count }, () => ({
      loadBegan: Promise.withResolvers<void>(),
      loadOver: Promise.withResolvers<void>(),
      over: Promise.withResolvers<void>(),
    }));
    const over = Promise.all(held.map((each) => each.over.promise)).then(() => undefined);
    this.#before = { startable: Promise.race(held.map((each) => each[startable].promise)), over };
    return held.map(({ loadBegan, loadOver, over }) => ({
      mayStart: isApart ? before.over : before.startable,
      mayLoad: before.over,
      loadBegan: () => loadBegan.resolve(),
      loadEnded: () => loadOver.resolve(),
      end() {
        loadBegan.resolve();
        loadOver.resolve();
        over.resolve();
      },
    }));
  }
}

interface Moments {
  startable: Promise<void>;
  over: Promise<void>;
}
