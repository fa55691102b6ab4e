/** What repros ask of a NanoClaw host. */
import { z } from 'zod';
import type { Lab } from '../../model/repro.ts';
import type { Stack } from '../../model/stack.ts';
import { type Answer, ask } from './ask.ts';

const HOST = 'nanoclaw';

export async function postMessage(stack: Stack, id: string, more: Record<string, unknown> = {}): Promise<Answer> {
  const message = { id, chat_jid: 'main@g.us', sender: 'somebody', content: `message ${id}`, ...more };
  const headers = { 'content-type': 'application/json' };
  return await ask(stack, HOST, '/messages', { method: 'POST', headers, body: JSON.stringify(message) });
}

/** Stores messages under these ids, one after the other. */
export async function storeMessages(lab: Lab, stack: Stack, ids: readonly string[]): Promise<void> {
  for (const id of ids) lab.require((await postMessage(stack, id)).status === 201, `message ${id} to be stored`);
}

/** `m<from>` to `m<to>`. */
export const messageIds = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `m${from + n}`);

const stored = z.object({ messages: z.array(z.object({ id: z.string() })) });

/** The ids of the messages that the host has in its database. */
export async function storedIds(stack: Stack): Promise<string[]> {
  const { body } = await ask(stack, HOST, '/messages?chat_jid=main@g.us&limit=1000');
  return stored.parse(JSON.parse(body)).messages.map(({ id }) => id);
}

/** Below the largest that the host takes. */
const LARGE_CHARACTERS = 60_000;

/**
 * Stores one large message again and again, which changes the same few pages each time; `look` is called after every 20.
 * The answer to the last: the first that was not stored, if any.
 */
export async function overwrite(stack: Stack, times: number, look: () => Promise<void>): Promise<Answer> {
  // Different all over: SQLite leaves alone the pages of a row that stay as they are.
  const content = (n: number) => `${n},`.repeat(LARGE_CHARACTERS).slice(0, LARGE_CHARACTERS);
  let last = await postMessage(stack, 'large', { content: content(0) });
  for (let n = 1; n < times && last.status === 201; n++) {
    if (n % 20 === 0) await look();
    last = await postMessage(stack, 'large', { content: content(n) });
  }
  return last;
}

const outbox = z.object({ replies: z.array(z.object({ in_reply_to: z.string().nullable() })) });

/** The ids of the messages that were answered, one entry for each reply. */
export async function answeredIds(stack: Stack): Promise<string[]> {
  const { body } = await ask(stack, HOST, '/outbox?limit=1000');
  return outbox.parse(JSON.parse(body)).replies.flatMap(({ in_reply_to }) => in_reply_to ?? []);
}

const queues = z.object({ input: z.number(), claimed: z.number(), messages: z.number(), tasks: z.number() });
const status = z.object({
  counts: z.object({ messagesHandedOver: z.number() }),
  groups: z.array(z.object({ queues })),
});

/** Whether so many messages have gone to agents since the host started; then it writes nothing until the next one. */
export async function isHandedOver(stack: Stack, messages: number): Promise<boolean> {
  const { body } = await ask(stack, HOST, '/status');
  return status.parse(JSON.parse(body)).counts.messagesHandedOver >= messages;
}

/** Whether nothing waits for an agent or for the host. */
export async function isIdle(stack: Stack): Promise<boolean> {
  const { body } = await ask(stack, HOST, '/status');
  const { groups } = status.parse(JSON.parse(body));
  return groups.every((group) => Object.values(group.queues).every((waiting) => waiting === 0));
}
