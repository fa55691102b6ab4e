import type { Traffic } from '../model/scenario.ts';
import type { Reachable } from '../model/stack.ts';
import { type Client, type PlannedCall, runClients } from './clients.ts';
import { HttpClient } from './http.ts';
import { opSequenceHash } from './plan.ts';
import type { Random } from './random.ts';
import { finalItems, getJson } from './read-all.ts';
import { readSearch, type Searching } from './search-read.ts';
import { baseUrlOf, targetsOf } from './targets.ts';
import { ENGLISH, THAI } from './words.ts';

const PAGE = 500;
/** Connections for the searches at the end. */
const SEARCHES = 8;
/** A search heeds 32 words (fixtures/oracle-v2/src/match.ts), and shows up to 100 results. */
const WORDS = 32;
const MOST_RESULTS = 100;
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
    return [learned, await readSearch('learn', ops, { listed, ...searchingBy(http, stack), rows })];
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

/** Searches for keys, and the keys that the results hold; the servers are asked in turn. */
function searchingBy(http: HttpClient, stack: Reachable): Pick<Searching, 'found' | 'glance'> {
  const targets = targetsOf(stack);
  const results = async (query: string, limit: number, nth: number) => {
    const base = stack.baseUrl(targets[nth % targets.length] as string);
    const url = `${base}/api/search?q=${encodeURIComponent(query)}&type=learning&limit=${limit}`;
    const { results: found } = await getJson<{ results: Document[] }>(http, url);
    return found.map(({ content }) => keyOf(content));
  };
  return {
    found: async (key, nth) => (await results(key, 10, nth)).filter((seen) => seen === key).length,
    glance: {
      most: WORDS,
      async once(keys, nth) {
        // No document has all these words, so the search falls back to any of them.
        const found = await results(keys.map(ownWordOf).join(' '), MOST_RESULTS, nth);
        // A full page may have cut off what would show a key again.
        return found.length < MOST_RESULTS ? onlyOnce(found, new Set(keys)) : [];
      },
    },
  };
}

/** The part of a key that no other key has. */
function ownWordOf(key: string): string {
  return key.slice(key.indexOf('-') + 1);
}

function onlyOnce(found: readonly (string | null)[], wanted: ReadonlySet<string>): string[] {
  const counts = new Map<string, number>();
  for (const key of found) if (key !== null && wanted.has(key)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].filter(([, count]) => count === 1).map(([key]) => key);
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
