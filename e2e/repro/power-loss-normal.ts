import { repro, type SourceEdit } from '../model/repro.ts';
import { isHandedOver, messageIds, storedIds, storeMessages } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

const DB_MODULE = 'fixtures/nanoclaw/src/db.ts';
const FULL = [
  { file: DB_MODULE, find: "'synchronous = NORMAL'", replace: "'synchronous = FULL'" },
  { file: DB_MODULE, find: 'synchronous: 1', replace: 'synchronous: 2' },
];

/**
 * Claim:  a message that was acknowledged is there after a power cut.
 * Method: 10 messages, a checkpoint, which is when NORMAL syncs; 10 more, acknowledged; SIGKILL. A kill loses nothing, which
 *         a reader of a copy confirms. Then the cut: the -wal is truncated to what had been synced, which under NORMAL is
 *         nothing since the checkpoint, and under FULL every commit; the host starts and shows what it has.
 * Red as: lost-write. Not claimed: a real power cut. What was synced is a rule of the documentation here, not measured.
 */
export default repro({
  name: 'power-loss-normal',
  title: 'With synchronous = NORMAL a power cut takes the newest commits; a killed process takes none',
  operatorSees: 'after a host crash the last seconds are missing, acknowledged rows included; integrity_check is ok',
  refusals: [],
  alsoReportedAs: ['power loss', 'power cut', 'host crash', 'kernel panic', 'VM reset', 'rolled back'],
  elapsed: 'nothing is refused',
  sources: ['ohdearquant/khive#1408', 'https://sqlite.org/pragma.html#pragma_synchronous'],
  mechanism:
    'In WAL mode NORMAL writes a commit to the -wal without syncing it; only a checkpoint syncs. The page cache outlives a ' +
    'killed process, not a machine. What is left is a prefix of the commits, and intact.',
  seedPatch: 'causes',
  seedPatchBecause:
    'synchronous = NORMAL is one of its five lines; it buys about 19 times the commits per second of FULL',
  fix: 'synchronous = FULL where the last seconds matter; else know that they may go',
  playedBy: 'nanoclaw',
  cast:
    'the host, with the patch or with synchronous = FULL in its place, and a model of the cut: no container can lose its ' +
    'page cache alone',
  truth: 'docker kill cannot show it, and is often taken for proof that nothing can be lost',
  engines: ['process', 'docker'],
  without: { edits: [] as SourceEdit[], synced: 'at the checkpoint' },
  with: { edits: FULL, synced: 'at each commit' },
  async scenario(lab, { edits, synced }) {
    const stack = await lab.stack('nanoclaw', { edits });
    const { database } = stack.service;
    await stack.start(['nanoclaw']);
    const operator = await lab.beside(stack).actor('operator');
    await storeMessages(lab, stack, messageIds(1, 10));
    await lab.until(() => isHandedOver(stack, 10), 'the host to have nothing left to write');
    await operator.open();
    await operator.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    await operator.close();
    await storeMessages(lab, stack, messageIds(11, 20));
    const written = (await stack.files()).find(({ path }) => path === `${database}-wal`)?.bytes ?? 0;
    await stack.kill(['nanoclaw']);
    for (const suffix of ['', '-wal']) {
      await operator.ask({ do: 'copy-file', from: `${database}${suffix}`, to: `killed.db${suffix}` });
    }
    await operator.open({ file: 'killed.db', connection: 'killed' });
    const afterKill = await operator.value<number>('SELECT count(*) FROM messages', 'killed');
    lab.require(afterKill === 20, 'a kill alone to lose nothing');
    const bytes = synced === 'at each commit' ? written : 0;
    await operator.ask({ do: 'truncate-file', path: `${database}-wal`, bytes });
    await operator.ask({ do: 'remove-files', paths: [`${database}-shm`] });
    await stack.start(['nanoclaw']);
    await operator.open();
    lab.require((await operator.value<string>('PRAGMA integrity_check')) === 'ok', 'an intact file');
    const kept = await storedIds(stack);
    if (kept.length === 20) return [];
    const prefix = messageIds(1, kept.length);
    lab.require(kept.join() === prefix.join(), 'what is left to be a prefix of the commits');
    const lost = 20 - kept.length;
    const seen = `expected 20 acknowledged messages after a power cut, but the last ${lost} are gone`;
    return found('lost-write', seen, { kept });
  },
  expect: 'lost-write',
  seconds: 2.1,
});
