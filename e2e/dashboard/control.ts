/** What the page and the control server of `walproof up` say to each other, as JSON. Types alone. */

/** What a developer does by hand, by the route it is posted to. */
export interface Wishes {
  traffic: { on: boolean };
  restart: { process: string };
  kill: { process: string };
  'hold-lock': { service: string };
  variant: { service: string; variant: 'patched' | 'unpatched' };
}

export type WishName = keyof Wishes;

/** An action that is over, and what came of it. */
export interface ActionDone {
  id: number;
  wish: WishName;
  /** In words, e.g. `kill oracle`. */
  title: string;
  service: string | null;
  beganAtMs: number;
  endedAtMs: number;
  ok: boolean;
  message: string;
}

export interface ControlState {
  /** The one that is under way; there is never a second. */
  current: { title: string; beganAtMs: number } | null;
  /** Newest last. */
  done: ActionDone[];
  /** Which db module each service runs. */
  variants: Record<string, 'patched' | 'unpatched'>;
}
