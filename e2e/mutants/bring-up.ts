import type { Engine, Stack } from '../model/stack.ts';
import { holdLock } from './lock-beside.ts';
import type { StartKind } from './rule.ts';

/** Every process has come to its database by then: without contention a stack is healthy in a third of the time. */
const HOLD_MS = 3_000;

/** What a database of an older version holds, by service: enough that the migration has something to look at and to change. */
const OUTDATED: Readonly<Record<string, string>> = {
  nanoclaw: 'CREATE TABLE chats (jid TEXT PRIMARY KEY, name TEXT, last_message_time TEXT)',
  'oracle-v2': 'CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)',
};

/** The engine, for stacks with the overlay's sources that are brought up in this way. */
export function exposing(engine: Engine, overlay: ReadonlyMap<string, string>, start: StartKind): Engine {
  return {
    ...engine,
    async createStack(options) {
      const stack = await engine.createStack({ ...options, overlay });
      if (start !== 'together') await holdBeforeStart(stack, start);
      return stack;
    },
  };
}

/** Returns with the lock held; the start comes next, and meets it. */
async function holdBeforeStart(stack: Stack, kind: Exclude<StartKind, 'together'>): Promise<void> {
  const outdated = kind === 'outdated-locked';
  const sql = outdated ? (OUTDATED[stack.service.name] ?? '') : '';
  try {
    const { released } = await holdLock(stack, { holdMs: HOLD_MS, mode: outdated ? 'wal' : 'rollback', sql });
    // A service that fails meanwhile ends the stack and the holder with it.
    void released.catch(() => undefined);
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}
