import { z } from 'zod';
import type { Wishes, WishName } from '../../dashboard/control.ts';
import { type Hands, HELD_MS, serviceOf } from './hands.ts';

/** A wish that was understood. */
export interface Wish {
  name: WishName;
  title: string;
  /** Null when it is about all of them. */
  service: string | null;
  /** Processes whose next incarnation was asked for. */
  restarts: readonly string[];
  fulfil(): Promise<string>;
}

/** The routes, each with what its body must hold. */
export const WISH_NAMES: readonly WishName[] = ['traffic', 'restart', 'kill', 'hold-lock', 'variant'];

/** The wish that was posted to a route; throws a line that says what is wrong with the body. */
export function understand(hands: Hands, name: WishName, body: unknown): Wish {
  const service = z.enum(Object.keys(hands.services));
  const process = z.enum(Object.values(hands.services).flat());
  const { does } = hands;
  switch (name) {
    case 'traffic': {
      const what = read(z.object({ on: z.boolean() }), body);
      const title = what.on ? 'start traffic' : 'stop traffic';
      return { name, title, service: null, restarts: [], fulfil: () => does.traffic(what) };
    }
    case 'restart':
    case 'kill': {
      const what = read(z.object({ process }), body);
      const of = serviceOf(hands, what.process);
      const title = `${name} ${what.process}`;
      return { name, title, service: of, restarts: [what.process], fulfil: () => does[name](what) };
    }
    case 'hold-lock': {
      const what = read(z.object({ service }), body);
      const title = `hold the write lock of ${what.service} for ${HELD_MS / 1000} s`;
      return { name, title, service: what.service, restarts: [], fulfil: () => does['hold-lock'](what) };
    }
    case 'variant': {
      const what: Wishes['variant'] = read(z.object({ service, variant: z.enum(['patched', 'unpatched']) }), body);
      const title = `put the ${what.variant} db module of ${what.service} in place`;
      const restarts = hands.services[what.service] ?? [];
      return { name, title, service: what.service, restarts, fulfil: () => does.variant(what) };
    }
  }
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RangeError(`${['body', ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'is not valid'}`);
}
