import { repro } from '../model/repro.ts';
import { overwrite } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

/** 60 kB each: 10 MB of -wal. */
const UPDATES = 150;
/** Automatic checkpoints come every 1000 pages of 4 KiB, so an undisturbed -wal stays a little above 4 MB. */
const LARGEST_WAL_BYTES = 8_000_000;

/**
 * Claim:  the -wal stays near its automatic checkpoint while 9 MB are written beside a reader.
 * Method: the host stores a message of 60 kB again 150 times; a reader beside looks after every 20, in one transaction that
 *         stays open or in one each.
 * Red as: checkpoint-starved. Not claimed: a size after which anything breaks; that is when the disk is full.
 */
export default repro({
  name: 'checkpoint-starvation',
  title: 'A reader that never ends keeps the -wal from being used again, so it grows without bound',
  operatorSees:
    'the -wal file grows to gigabytes, reads and starts get slow, and in the end the disk is full; no error until then',
  refusals: [],
  alsoReportedAs: ['-wal', 'wal file', 'wal size', 'WAL grows', 'huge wal'],
  elapsed: 'nothing is refused',
  sources: [
    'BYK/loreai#1221',
    'BYK/loreai#1225',
    'superseriousbusiness/gotosocial#2808',
    'Kpa-clawbot/CoreScope#1434',
    'DeusData/codebase-memory-mcp#1137',
    'openclaw/openclaw#146744',
    'https://github.com/WiseLibs/better-sqlite3/blob/master/docs/performance.md',
  ],
  mechanism:
    'A checkpoint copies frames into the database only up to the oldest snapshot still read, and the -wal is begun anew only ' +
    'when nobody reads from it. A transaction or an iterator left open pins both. Nothing is refused meanwhile.',
  seedPatch: 'causes',
  seedPatchBecause: 'without WAL there is no -wal; the seed sets no limit and no checkpoint of its own',
  fix: 'end every read (.all() instead of an iterator kept open), set journal_size_limit, watch log minus checkpointed frames',
  playedBy: 'nanoclaw',
  cast: 'the host, and a reader beside it, e.g. a dashboard',
  truth: 'PASSIVE reports busy=0 even so; what shows it is checkpointed < log in the same row',
  engines: ['process', 'docker'],
  without: { endsEachRead: false },
  with: { endsEachRead: true },
  async scenario(lab, { endsEachRead }) {
    const stack = await lab.stack('nanoclaw');
    await stack.start(['nanoclaw']);
    const reader = await lab.beside(stack).actor('reader');
    await reader.open();
    await reader.exec('BEGIN');
    const look = async () => {
      await reader.rows('SELECT count(*) FROM messages');
      if (endsEachRead) await reader.exec('COMMIT; BEGIN');
    };
    await look();
    lab.require((await overwrite(stack, UPDATES, look)).status === 201, 'every message to be stored');
    await reader.open({ connection: 'operator' });
    const [checkpoint] = await reader.rows<{ busy: number; log: number; checkpointed: number }>(
      'PRAGMA wal_checkpoint(PASSIVE)',
      'operator',
    );
    const wal = (await stack.files()).find(({ path }) => path === `${stack.service.database}-wal`)?.bytes ?? 0;
    if (wal <= LARGEST_WAL_BYTES) return [];
    lab.require(
      checkpoint !== undefined && checkpoint.checkpointed < checkpoint.log,
      'frames that the checkpoint could not copy',
    );
    return found(
      'checkpoint-starved',
      `expected a -wal of at most ${LARGEST_WAL_BYTES} bytes, but it has ${wal}, of whose ${checkpoint?.log} frames ${checkpoint?.checkpointed} could be copied`,
      { walBytes: wal, ...checkpoint },
    );
  },
  expect: 'checkpoint-starved',
  seconds: 2.1,
});
