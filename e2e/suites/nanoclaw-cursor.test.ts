/**
 * Goal:   the message cursor of the patched module never skips a committed message, nor hands one out twice, whatever the
 *         timestamps say and however late a commit comes.
 * Method: random histories of two connections on one WAL file: one writes in transactions that stay open while the other
 *         polls. A naive oracle keeps the list of what was committed. Upstream's cursor, `timestamp > last`, is judged by
 *         the same histories and must fail them.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { isCursor } from '../../fixtures/nanoclaw/src/cursor.ts';
import { defineQueries, type Queries } from '../../fixtures/nanoclaw/src/queries.ts';
import { migrate } from '../../fixtures/nanoclaw/src/schema.ts';
import { temporaryFolder } from './nanoclaw/app-copy.ts';

const folder = temporaryFolder();
const file = join(folder.path, 'messages.db');
const writer = new Database(file);
writer.pragma('journal_mode = WAL');
migrate(writer, 'Andy');
const reader = new Database(file);
const write = defineQueries(
  () => writer,
  (work) => work(),
);
const read = defineQueries(
  () => reader,
  (work) => work(),
);
afterAll(() => {
  writer.close();
  reader.close();
  folder[Symbol.dispose]();
});

const CHATS = ['main@g.us', 'family@g.us'];
const TIMES = Array.from({ length: 6 }, (_, n) => `2026-07-01T00:00:0${n}.000Z`);

type Step =
  | { do: 'begin' | 'commit' | 'rollback' | 'poll' }
  | { do: 'store'; chat: string; timestamp: string; bot: boolean }
  | { do: 'again' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('begin', 'commit', 'poll').map((what) => ({ do: what }) as Step) },
  { weight: 1, arbitrary: fc.constant({ do: 'rollback' } as Step) },
  { weight: 1, arbitrary: fc.constant({ do: 'again' } as Step) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('store' as const),
      chat: fc.constantFrom(...CHATS, 'unregistered@g.us'),
      timestamp: fc.constantFrom(...TIMES),
      bot: fc.boolean(),
    }),
  },
);

type Poll = (cursor: string) => { messages: { id: string }[]; newTimestamp: string };

/** Plays a history; returns what the polls handed out and what was committed for the agents, each in its order. */
function play(steps: readonly Step[], poll: Poll): { handedOut: string[]; committed: string[] } {
  writer.exec('DELETE FROM messages');
  const handedOut: string[] = [];
  const committed: string[] = [];
  let pending: string[] = [];
  let stored = 0;
  let cursor = '';
  const store = (id: string, { chat, timestamp, bot }: Extract<Step, { do: 'store' }>) => {
    write.storeMessage({
      id,
      chat_jid: chat,
      sender: 'a',
      sender_name: 'A',
      content: id,
      timestamp,
      is_bot_message: bot,
    });
    if (CHATS.includes(chat) && !bot) (writer.inTransaction ? pending : committed).push(id);
  };
  /** A message that is delivered again, with another time, is the same message. */
  const storeAgain = () => {
    const [id] = committed;
    const chat = writer.prepare('SELECT chat_jid FROM messages WHERE id = ?').pluck().get(id) as string | undefined;
    if (id === undefined || chat === undefined) return;
    write.storeMessage({
      id,
      chat_jid: chat,
      sender: 'a',
      sender_name: 'A',
      content: 'edited',
      timestamp: TIMES[5] ?? '',
    });
  };
  const end = (how: 'COMMIT' | 'ROLLBACK') => {
    if (!writer.inTransaction) return;
    writer.exec(how);
    if (how === 'COMMIT') committed.push(...pending);
    pending = [];
  };
  const take = () => {
    const { messages, newTimestamp } = poll(cursor);
    handedOut.push(...messages.map(({ id }) => id));
    cursor = newTimestamp;
  };
  for (const next of steps) {
    if (next.do === 'begin' && !writer.inTransaction) writer.exec('BEGIN IMMEDIATE');
    else if (next.do === 'commit') end('COMMIT');
    else if (next.do === 'rollback') end('ROLLBACK');
    else if (next.do === 'poll') take();
    else if (next.do === 'store') store(`m${++stored}`, next);
    else if (next.do === 'again') storeAgain();
  }
  end('COMMIT');
  take();
  take();
  return { handedOut, committed };
}

const patched: Poll = (cursor) => read.getNewMessages(CHATS, cursor, 'Andy');

/** Upstream's way. */
const upstream: Poll = (cursor) => {
  const messages = reader
    .prepare(
      'SELECT id, chat_jid, timestamp FROM messages WHERE timestamp > ? AND NOT is_bot_message ORDER BY timestamp',
    )
    .all(cursor) as { id: string; chat_jid: string; timestamp: string }[];
  const mine = messages.filter(({ chat_jid }) => CHATS.includes(chat_jid));
  return { messages: mine, newTimestamp: mine.at(-1)?.timestamp ?? cursor };
};

const history = fc.array(step, { maxLength: 40 });
const RUNS = { numRuns: 500, seed: 20_260_701 };

describe('cursor', () => {
  test('hands out every committed message once, in the order of the commits', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const { handedOut, committed } = play(steps, patched);
        expect(handedOut).toEqual(committed);
      }),
      RUNS,
    );
  });

  test("upstream's cursor skips messages in such histories", () => {
    const judged = fc.check(
      fc.property(history, (steps) => {
        const { handedOut, committed } = play(steps, upstream);
        return committed.every((id) => handedOut.includes(id));
      }),
      RUNS,
    );
    expect(judged.failed).toBe(true);
  });

  test('a plain timestamp as cursor loses nothing of that instant or later', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('', ...TIMES), (steps, legacy) => {
        const { committed } = play(steps, patched);
        const timeOf = new Map(allMessages().map(({ id, timestamp }) => [id, timestamp]));
        const due = committed.filter((id) => (timeOf.get(id) ?? '') >= legacy);
        const handedOut = patched(legacy).messages.map(({ id }) => id);
        expect(handedOut).toEqual(expect.arrayContaining(due));
      }),
      RUNS,
    );
  });

  test('a batch is bounded, and says that there is more', () => {
    writer.exec('DELETE FROM messages');
    writer.exec('BEGIN');
    for (let n = 0; n < 1_200; n++) {
      const timestamp = TIMES[n % TIMES.length] ?? '';
      write.storeMessage({
        id: `m${n}`,
        chat_jid: 'main@g.us',
        sender: 'a',
        sender_name: 'A',
        content: 'x',
        timestamp,
      });
    }
    writer.exec('COMMIT');
    const sizes: number[] = [];
    const ids = new Set<string>();
    let cursor = '';
    for (let more = true; more; ) {
      const batch: ReturnType<Queries['getNewMessages']> = read.getNewMessages(CHATS, cursor, 'Andy');
      sizes.push(batch.messages.length);
      for (const { id } of batch.messages) ids.add(id);
      ({ more, newTimestamp: cursor } = batch);
    }
    expect(sizes).toEqual([500, 500, 200]);
    expect(ids.size).toBe(1_200);
    expect(isCursor(cursor)).toBe(true);
  });

  test('the same cursors page through a chat and through the outbox', () => {
    writer.exec('DELETE FROM messages');
    for (let n = 0; n < 10; n++) {
      const bot = n % 2 === 1;
      const content = bot ? `re:m${n - 1} read 2 characters` : 'hi';
      const timestamp = TIMES[(10 - n) % TIMES.length] ?? '';
      write.storeMessage({
        id: `m${n}`,
        chat_jid: 'main@g.us',
        sender: 'a',
        sender_name: 'A',
        content,
        timestamp,
        is_bot_message: bot,
      });
    }
    const messages: string[] = [];
    for (let since = ''; ; ) {
      const page = read.getMessagesSince('main@g.us', since, 'Andy', 2);
      if (page.length === 0) break;
      messages.push(...page.map(({ id }) => id));
      since = page.at(-1)?.cursor ?? '';
    }
    expect(messages).toEqual(['m0', 'm2', 'm4', 'm6', 'm8']);
    const answered: (string | null)[] = [];
    for (let since = ''; ; ) {
      const { replies, newTimestamp } = read.getOutbox(since, 2);
      if (replies.length === 0) break;
      answered.push(...replies.map(({ in_reply_to }) => in_reply_to));
      since = newTimestamp;
    }
    expect(answered).toEqual(['m0', 'm2', 'm4', 'm6', 'm8']);
  });
});

function allMessages(): { id: string; timestamp: string }[] {
  return reader.prepare('SELECT id, timestamp FROM messages').all() as { id: string; timestamp: string }[];
}
