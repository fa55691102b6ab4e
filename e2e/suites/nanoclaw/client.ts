import { until } from '../../engine/shared/until.ts';
import { DEADLINE_MS, type NanoclawProcesses } from './service-processes.ts';

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape, and a wrong guess is a failed test.
  body: any;
}

export interface Reply {
  id: string;
  chat_jid: string;
  content: string;
  in_reply_to: string | null;
}

const HOST = 'nanoclaw';

/** What a test asks of the host. */
export function clientOf(processes: NanoclawProcesses) {
  const send = async (method: string, path: string, body?: string): Promise<Answer> => {
    const response = await fetch(processes.url(HOST, path), { method, ...(body === undefined ? {} : { body }) });
    return { status: response.status, body: await response.json() };
  };
  const client = {
    get: (path: string) => send('GET', path),
    post: (path: string, body?: unknown) => send('POST', path, body === undefined ? undefined : JSON.stringify(body)),
    postRaw: (path: string, body: string) => send('POST', path, body),

    postMessage: (id: string, more: Record<string, unknown> = {}) =>
      client.post('/messages', { id, chat_jid: 'main@g.us', sender: 'nok', content: `message ${id}`, ...more }),

    /** Every reply there is, page by page. */
    async replies(): Promise<Reply[]> {
      const all: Reply[] = [];
      for (let since = ''; ; ) {
        const { body } = await client.get(`/outbox?limit=1000&since=${encodeURIComponent(since)}`);
        if (body.replies.length === 0) return all;
        all.push(...body.replies);
        since = body.cursor;
      }
    },

    /** Waits until every message has a reply, and returns all replies. */
    async repliesTo(ids: readonly string[]): Promise<Reply[]> {
      let replies: Reply[] = [];
      let missing = [...ids];
      await until(
        async () => {
          replies = await client.replies();
          const answered = new Set(replies.map((reply) => reply.in_reply_to));
          missing = ids.filter((id) => !answered.has(id));
          return missing.length === 0;
        },
        { deadlineMs: DEADLINE_MS },
      );
      if (missing.length > 0) throw new Error(`no reply to ${missing.length} messages, e.g. ${missing.slice(0, 5)}`);
      return replies;
    },

    /** Waits until no file waits anywhere: whatever could still become a row has become one. */
    async idle(): Promise<void> {
      let queues: unknown;
      const empty = await until(
        async () => {
          const { body } = await client.get('/status');
          queues = body.groups.map((group: { queues: object }) => group.queues);
          return (queues as object[]).every((queue) => Object.values(queue).every((length) => length === 0));
        },
        { deadlineMs: DEADLINE_MS },
      );
      if (!empty) throw new Error(`the queues did not empty: ${JSON.stringify(queues)}`);
    },
  };
  return client;
}

export type Client = ReturnType<typeof clientOf>;
