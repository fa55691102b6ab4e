import type { Checker, Evidence, OpFold } from '../model/evidence.ts';

export type StreamingChecker = Checker & Required<Pick<Checker, 'begin'>>;

/** A check that needs every op once: told as a fold, it can be asked by itself as well. */
export function streaming(checker: Omit<StreamingChecker, 'check'>): StreamingChecker {
  return {
    ...checker,
    check(evidence) {
      const fold = checker.begin(evidence);
      giveOps(evidence, [fold]);
      return fold.end();
    },
  };
}

/** One pass over the ops for all of them. */
export function giveOps({ ops }: Evidence, folds: readonly Pick<OpFold, 'take'>[]): void {
  for (const op of ops) for (const fold of folds) fold.take(op);
}
