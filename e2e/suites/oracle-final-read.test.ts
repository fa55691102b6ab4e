/**
 * Goal:   the final read tells of each learning how often search shows it, though one search asks for many.
 * Method: two real servers on one file; the log of searches, read by a connection of its own, tells how many were made. A page that is
 *         full comes from a server of a few lines, which shows a key once where there was no room for it twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Reachable } from '../model/stack.ts';
import { oracleV2 } from '../services/oracle-v2.ts';
import { oracleTraffic } from '../traffic/oracle-v2.ts';
import { history } from './evidence-builder.ts';
import { OracleProcess } from './oracle-v2/service-process.ts';
import { eventually, learn, rows } from './oracle-v2/talk.ts';

/** With the lost one, three searches for all of them; and one for each of the two in doubt. */
const LEARNED = 70;

let dataDir: string;
let servers: [OracleProcess, OracleProcess];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'walproof-oracle-'));
  servers = await Promise.all([OracleProcess.start('main', dataDir), OracleProcess.start('main', dataDir)]);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  rmSync(dataDir, { recursive: true, force: true });
});

test('a learning is found once, what was learned twice twice, what was lost not at all', async () => {
  const [first, second] = servers;
  const keys = Array.from({ length: LEARNED }, (_, n) => `note-learner${1 + (n % 3)}x${n}`);
  const told = history();
  for (const [n, key] of [...keys, 'note-learner1x0'].entries()) {
    expect((await learn(n % 2 === 0 ? first.url : second.url, `${key} volume journal`)).status).toBe(200);
    told.ok('learn', key, 'x');
  }
  told.info('learn', 'note-learner9x9', 'x');
  const stack: Reachable = {
    service: oracleV2,
    processes: oracleV2.processes,
    baseUrl: (name) => (name === 'oracle-1' ? first : second).url,
  };
  const { ops } = told.evidence();
  const signal = new AbortController().signal;
  const reads = await oracleTraffic.finalRead({ stack, ops: [...ops], keptOnly: false, signal });
  const [read] = reads.filter((each) => each.kind === 'search-read');
  const expected = new Map<string, number>(keys.map((key) => [key, 1]));
  expected.set('note-learner1x0', 2).set('note-learner9x9', 0);
  expect(new Map(read?.items.map(({ key, found }) => [key, found]))).toEqual(expected);
  const searches = () => rows<number>(dataDir, 'SELECT count(*) FROM search_log')[0];
  await eventually('five searches in the log', () => searches() === 5);
});

test('a full page of results tells nothing of a key', async () => {
  const result = (key: string) => ({ id: key, content: `${key} volume` });
  const page = [result('note-learner1x0'), ...Array.from({ length: 99 }, () => result('note-learner2x0'))];
  const server = createServer(({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://oracle');
    const asked = searchParams.get('q') ?? '';
    const alone = asked.startsWith('note-') ? [result(asked), result(asked)] : page;
    const total = { total: 2, fts_rows: 2 };
    const results = pathname === '/api/list' ? page.slice(0, 2) : alone;
    response.end(JSON.stringify(pathname === '/api/stats' ? total : { results }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const baseUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stack: Reachable = { service: oracleV2, processes: oracleV2.processes, baseUrl };
  const signal = new AbortController().signal;
  const reads = await oracleTraffic.finalRead({ stack, ops: [], keptOnly: false, signal });
  const [read] = reads.filter((each) => each.kind === 'search-read');
  expect(read?.items.map(({ key, found }) => [key, found]).sort()).toEqual([
    ['note-learner1x0', 2],
    ['note-learner2x0', 2],
  ]);
});
