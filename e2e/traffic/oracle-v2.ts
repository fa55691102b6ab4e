import type { Traffic } from '../model/scenario.ts';
import { type Client, type PlannedCall, runClients } from './clients.ts';
import { HttpClient } from './http.ts';
import type { Random } from './random.ts';
import { finalItems, getJson } from './read-all.ts';
import { baseUrlOf } from './targets.ts';
import { ENGLISH, THAI } from './words.ts';

const PAGE = 500;
/** Begins every learning of the traffic and makes it findable: `note-<client>-<n>`. */
const KEY = /^note-[a-z]+-\d+-\d+/;

/**
 * Learns and searches at once, in Thai and English, on two server processes, while two indexers scan the Markdown files
 * that the learnings leave. Every search writes too, into the search log.
 */
export const oracleTraffic: Traffic = {
  async run(context) {
    const learners = Array.from({ length: context.clients }, (_, n) => learner(`learner-${n + 1}`));
    const searchers = Array.from({ length: context.clients * 2 }, (_, n) => searcher(`searcher-${n + 1}`));
    await runClients(context, [...learners, ...searchers]);
  },

  async finalRead(stack) {
    await using http = new HttpClient(1);
    const documents: Document[] = [];
    for (;;) {
      const url = `${baseUrlOf(stack)}/api/list?type=learning&limit=${PAGE}&offset=${documents.length}`;
      const { results } = await getJson<{ results: Document[] }>(http, url);
      documents.push(...results);
      if (results.length < PAGE) break;
    }
    return [
      finalItems('learn', documents, ({ content }) => {
        const key = KEY.exec(content)?.[0];
        return key === undefined ? null : { key, value: content };
      }),
    ];
  },
};

interface Document {
  id: string;
  content: string;
}

function learner(name: string): Client {
  return { name, next: (random, n) => learn(`note-${name}-${n}`, random) };
}

function learn(key: string, random: Random): PlannedCall {
  const pattern = `${key} ${random.pick(ENGLISH)} ${random.pick(THAI)}${random.pick(THAI)} ${random.pick(ENGLISH)}`;
  const body = { pattern, source: 'walproof', concepts: [random.pick(ENGLISH), random.pick(THAI)] };
  return { kind: 'write', name: 'learn', key, value: pattern, send: { method: 'POST', path: '/api/learn', body } };
}

function searcher(name: string): Client {
  return {
    name,
    next(random) {
      const which = random.int(10);
      if (which < 7) return search(random.int(3) === 0 ? random.pick(THAI) : random.pick(ENGLISH));
      if (which < 9) return read('list', `/api/list?type=all&limit=10&offset=${random.int(50)}`);
      return read('stats', '/api/stats');
    },
  };
}

function search(word: string): PlannedCall {
  return read('search', `/api/search?q=${encodeURIComponent(word)}&type=all&limit=5&offset=0&mode=fts`);
}

function read(name: string, path: string): PlannedCall {
  return { kind: 'read', name, send: { method: 'GET', path } };
}
