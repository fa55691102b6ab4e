import type { Traffic } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import { type Client, type PlannedCall, runClients } from './clients.ts';
import { HttpClient } from './http.ts';
import { opSequenceHash } from './plan.ts';
import type { Random } from './random.ts';
import { finalItems, getJson } from './read-all.ts';
import { readSearch } from './search-read.ts';
import { baseUrlOf, targetsOf } from './targets.ts';
import { ENGLISH, THAI } from './words.ts';

const PAGE = 500;
/** Connections for the searches at the end. */
const SEARCHES = 8;
/**
 * Begins every learning of the traffic and makes it findable: `note-<client>x<n>`, e.g. `note-learner1x17`. One word holds
 * client and number, since search splits words at signs and asks for each only once: `1-1` would be any `1`.
 */
const KEY = /^note-[a-z]+\d+x\d+/;

/**
 * Learns and searches at once, in Thai and English, on two server processes, while two indexers scan the Markdown files
 * that the learnings leave. Every search writes too, into the search log.
 */
export const oracleTraffic: Traffic = {
  opSequenceHash: ({ clients, readers, seed }) => opSequenceHash(oracleClients(clients, readers), seed),

  run: (context) => runClients(context, oracleClients(context.clients, context.readers)),

  async finalRead({ stack, ops, keptOnly, signal }) {
    await using http = new HttpClient(SEARCHES, signal);
    const documents: Document[] = [];
    for (;;) {
      const url = `${baseUrlOf(stack)}/api/list?type=learning&limit=${PAGE}&offset=${documents.length}`;
      const { results } = await getJson<{ results: Document[] }>(http, url);
      documents.push(...results);
      if (results.length < PAGE) break;
    }
    const learned = finalItems('learn', documents, ({ content }) => {
      const key = keyOf(content);
      return key === null ? null : { key, value: content };
    });
    if (keptOnly) return [learned];
    const listed = new Map(learned.items.map(({ key, count }) => [key, count]));
    const rows = async () => {
      const { total, fts_rows } = await getJson<{ total: number; fts_rows: number }>(
        http,
        `${baseUrlOf(stack)}/api/stats`,
      );
      return { documents: total, texts: fts_rows };
    };
    return [learned, await readSearch('learn', ops, { listed, found: findingOf(http, stack), rows })];
  },
};

/** So many learners, and twice as many searchers unless told otherwise. */
export function oracleClients(count: number, readerCount: number = 2 * count): Client[] {
  const learners = Array.from({ length: count }, (_, n) => learner(`learner-${n + 1}`));
  const searchers = Array.from({ length: readerCount }, (_, n) => searcher(`searcher-${n + 1}`));
  return [...learners, ...searchers];
}

interface Document {
  id: string;
  content: string;
}

function keyOf(content: string): string | null {
  return KEY.exec(content)?.[0] ?? null;
}

/** Counts the results of a search for a key that hold it; the servers are asked in turn. */
function findingOf(http: HttpClient, stack: Stack): (key: string, nth: number) => Promise<number> {
  const targets = targetsOf(stack);
  return async (key, nth) => {
    const url = `${stack.baseUrl(targets[nth % targets.length] as string)}/api/search?q=${key}&type=learning&limit=10`;
    const { results } = await getJson<{ results: Document[] }>(http, url);
    return results.filter(({ content }) => keyOf(content) === key).length;
  };
}

function learner(name: string): Client {
  return { name, next: (random, n) => learn(`note-${name.replace('-', '')}x${n}`, random) };
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
