import type { Traffic } from '../model/scenario.ts';
import type { Reachable } from '../model/stack.ts';
import { type Client, type PlannedCall, runClients } from './clients.ts';
import { type Answering, readDelivery } from './delivery-read.ts';
import { HttpClient } from './http.ts';
import { opSequenceHash } from './plan.ts';
import type { Random } from './random.ts';
import { finalItems, getJson } from './read-all.ts';
import { baseUrlOf } from './targets.ts';
import { ENGLISH, THAI } from './words.ts';

const CHATS = ['main@g.us', 'family@g.us', 'work@g.us', 'ops@g.us'] as const;
/** One call in so many changes the client's own task instead of posting. */
const TASK_EVERY = 12;
const PAGE = 1000;
const TASK_PREFIX = 'task-';

/**
 * Messages arrive in several chats as a channel would deliver them, while the loop hands them to the agents, which answer
 * through IPC and write to the database from processes of their own. Each sender also pauses and resumes a task of its own.
 */
export const nanoclawTraffic: Traffic = {
  opSequenceHash: ({ clients, readers, seed }) => opSequenceHash(nanoclawClients(clients, readers), seed),

  run: (context) => runClients(context, nanoclawClients(context.clients, context.readers)),

  async finalRead({ stack, ops, keptOnly, signal }) {
    await using http = new HttpClient(CHATS.length, signal);
    const messages = (await Promise.all(CHATS.map((chat) => messagesOf(http, stack, chat)))).flat();
    // The host keeps tasks of its own beside those of the traffic.
    const { tasks: every } = await getJson<{ tasks: Task[] }>(http, `${baseUrlOf(stack)}/scheduler/tasks`);
    const tasks = every.filter(({ id }) => id.startsWith(TASK_PREFIX));
    const kept = [
      finalItems('post-message', messages, ({ id, content }) => ({ key: id, value: content })),
      finalItems('create-task', tasks, ({ id, prompt }) => ({ key: id, value: prompt })),
      finalItems('set-task', tasks, ({ id, status }) => ({ key: id, value: status })),
    ];
    return keptOnly ? kept : [...kept, await readDelivery('post-message', ops, answeringOf(http, stack))];
  },
};

/** So many senders, and twice as many readers unless told otherwise. */
export function nanoclawClients(count: number, readerCount: number = 2 * count): Client[] {
  const senders = Array.from({ length: count }, (_, n) => sender(`sender-${n + 1}`));
  const readers = Array.from({ length: readerCount }, (_, n) => reader(`reader-${n + 1}`));
  return [...senders, ...readers];
}

interface Message {
  id: string;
  content: string;
  timestamp: string;
}

interface Task {
  id: string;
  prompt: string;
  status: string;
}

interface Reply {
  id: string;
  in_reply_to: string | null;
}

type Queues = Record<'input' | 'claimed' | 'messages', number>;

/** Replies come through agents and IPC files, some time after the message was acknowledged. */
function answeringOf(http: HttpClient, stack: Reachable): Answering {
  let since = '';
  return {
    async newAnswers() {
      const answers: { id: string; key: string | null }[] = [];
      for (;;) {
        const url = `${baseUrlOf(stack)}/outbox?since=${encodeURIComponent(since)}&limit=${PAGE}`;
        const { replies, cursor } = await getJson<{ replies: Reply[]; cursor: string }>(http, url);
        answers.push(...replies.map(({ id, in_reply_to }) => ({ id, key: in_reply_to })));
        if (cursor === since || replies.length < PAGE) return answers;
        since = cursor;
      }
    },
    async isDrained() {
      const { groups } = await getJson<{ groups: { queues: Queues }[] }>(http, `${baseUrlOf(stack)}/status`);
      return groups.every(({ queues }) => queues.input + queues.claimed + queues.messages === 0);
    },
  };
}

function sender(name: string): Client {
  const task = `${TASK_PREFIX}${name}`;
  return {
    name,
    next(random, n) {
      if (n === 0) return createTask(task);
      if (n % TASK_EVERY === 0) return setTask(task, n % (2 * TASK_EVERY) === 0 ? 'active' : 'paused');
      return postMessage(`${name}-${n}`, name, random);
    },
  };
}

function postMessage(id: string, from: string, random: Random): PlannedCall {
  const content = `${random.pick(ENGLISH)} ${random.pick(THAI)} ${random.pick(ENGLISH)} ${random.int(1_000_000)}`;
  const body = { id, chat_jid: random.pick(CHATS), sender: from, sender_name: from, content };
  return {
    kind: 'write',
    name: 'post-message',
    key: id,
    value: content,
    send: { method: 'POST', path: '/messages', body },
  };
}

function createTask(id: string): PlannedCall {
  const prompt = `summarise the day for ${id}`;
  const body = {
    id,
    group_folder: 'main',
    chat_jid: CHATS[0],
    prompt,
    // Far in the future, so that only the traffic changes it.
    schedule_type: 'once',
    schedule_value: '2099-01-01T00:00:00.000Z',
    context_mode: 'isolated',
  };
  return {
    kind: 'write',
    name: 'create-task',
    key: id,
    value: prompt,
    send: { method: 'POST', path: '/scheduler/tasks', body },
  };
}

function setTask(id: string, status: 'paused' | 'active'): PlannedCall {
  const path = `/scheduler/tasks/${id}/${status === 'paused' ? 'pause' : 'resume'}`;
  return { kind: 'update', name: 'set-task', key: id, value: status, send: { method: 'POST', path } };
}

function reader(name: string): Client {
  let since = '';
  return {
    name,
    next(random) {
      const chat = encodeURIComponent(random.pick(CHATS));
      const which = random.int(10);
      if (which < 5) {
        const path = `/messages?chat_jid=${chat}&since=${encodeURIComponent(since)}&limit=20`;
        const onReply = ({ body }: { body: unknown }) => {
          since = (body as { messages?: Message[] } | null)?.messages?.at(-1)?.timestamp ?? since;
        };
        return { kind: 'read', name: 'read-messages', send: { method: 'GET', path }, onReply };
      }
      if (which < 8) return read('read-outbox', '/outbox?limit=20');
      return which === 8 ? read('list-tasks', '/scheduler/tasks') : read('status', '/status');
    },
  };
}

function read(name: string, path: string): PlannedCall {
  return { kind: 'read', name, send: { method: 'GET', path } };
}

/** Every message of a chat, page by page; the cursor of a page is where the next one begins. */
async function messagesOf(http: HttpClient, stack: Reachable, chat: string): Promise<Message[]> {
  const all: Message[] = [];
  let since = '';
  for (;;) {
    const query = `chat_jid=${encodeURIComponent(chat)}&since=${encodeURIComponent(since)}&limit=${PAGE}`;
    const page = await getJson<{ messages: Message[]; cursor: string }>(http, `${baseUrlOf(stack)}/messages?${query}`);
    all.push(...page.messages);
    if (page.messages.length < PAGE) return all;
    since = page.cursor;
  }
}
