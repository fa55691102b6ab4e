import { repro } from '../model/repro.ts';
import { overwrite } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

const VOLUME_BYTES = 10 * 2 ** 20;
/** 60 kB each: 15 MB of -wal, which an undisturbed one begins anew at 4 MB. */
const UPDATES = 250;

/**
 * Claim:  a host that overwrites the same message for ever fits into a volume of 10 MiB.
 * Method: a message of 60 kB is stored again 250 times, beside a reader that keeps its snapshot or ends each read.
 * Red as: disk-full. Not claimed: what the service does then; the file is intact, which is checked here.
 */
export default repro({
  name: 'disk-full-volume',
  title: 'A -wal that cannot be begun anew fills the volume, and then not even a deletion goes through',
  operatorSees: 'SqliteError: database or disk is full (SQLITE_FULL, 13), on a volume whose database is small',
  refusals: [{ code: 'SQLITE_FULL', message: 'database or disk is full' }],
  alsoReportedAs: ['ENOSPC', 'no space left on device', 'disk I/O error', 'SQLITE_IOERR_SHMSIZE', 'SQLITE_IOERR_WRITE'],
  elapsed: 'at once',
  sources: ['louislam/uptime-kuma#4581', 'strongloop/strong-pm#368', 'chroma-core/chroma#1693', 'Tencent/wcdb#243'],
  mechanism:
    'Every write, a DELETE and a VACUUM too, first needs room in the -wal. A reader that never ends keeps the -wal from being ' +
    'used again, so it grows by every update until the volume is full.',
  seedPatch: 'causes',
  seedPatchBecause: 'WAL needs room beside the database, and the seed sets no limit',
  fix: 'end every read, checkpoint early (wal_autocheckpoint), watch free space, and keep a reserve that can be deleted',
  playedBy: 'nanoclaw',
  cast: 'the host on a volume of 10 MiB, and a reader beside it, e.g. a dashboard',
  engines: ['docker'],
  without: { endsEachRead: false },
  with: { endsEachRead: true },
  async scenario(lab, { endsEachRead }) {
    const stack = await lab.stack('nanoclaw', { dataLimitBytes: VOLUME_BYTES });
    await stack.start(['nanoclaw']);
    const reader = await lab.beside(stack).actor('reader');
    await reader.open();
    await reader.exec('BEGIN');
    const look = async () => {
      await reader.value('SELECT count(*) FROM messages');
      if (endsEachRead) await reader.exec('COMMIT; BEGIN');
    };
    await look();
    const last = await overwrite(stack, UPDATES, look);
    await reader.exec('ROLLBACK');
    lab.require((await reader.value<string>('PRAGMA integrity_check')) === 'ok', 'the file to be intact');
    if (last.status === 201) return [];
    lab.require(last.body.includes('SQLITE_FULL'), `HTTP 201, or a refusal with SQLITE_FULL (${last.body})`);
    const seen = `expected one message to fit into the volume, but saw HTTP ${last.status} ${last.body}`;
    return found('disk-full', seen, last);
  },
  expect: 'disk-full',
  seconds: 8.1,
});
