import { repro } from '../model/repro.ts';
import { answeredIds, isIdle, postMessage } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

const SAME = '2026-07-01T10:00:00.000Z';
const EARLIER = '2026-07-01T09:59:59.000Z';
const LATER = '2026-07-01T10:00:01.000Z';

/**
 * Claim:  every stored message is answered.
 * Method: a message is answered, so the loop has seen its time; then one of the same millisecond and one of a second before
 *         are stored, and one of a second later, whose answer says that the loop has passed.
 * Red as: message-missed. Not claimed: the order of answers.
 */
export default repro({
  name: 'poll-cursor-skips',
  title: 'A poll for `timestamp > last` never sees a message that comes late or in the same millisecond',
  operatorSees: 'some messages are stored and never answered; no error, and a restart does not help',
  refusals: [],
  alsoReportedAs: ['messages missed', 'no reply', 'last_timestamp', 'skipped message', 'lost message'],
  elapsed: 'nothing is refused',
  sources: ['nanocoai/nanoclaw#19', 'nanocoai/nanoclaw#57', 'nanocoai/nanoclaw#245'],
  mechanism:
    'The cursor is the largest timestamp seen, but timestamps are given by senders and rows become visible in the order of ' +
    'their commits. A row that commits after the poll with a time that is not larger lies behind the cursor for ever.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'no pragma orders what the application calls time',
  fix: 'a cursor over the rowid, which grows in the order of the commits (as nanoclaw has it, cursor.ts)',
  playedBy: 'nanoclaw',
  cast: 'host and agent of nanoclaw, variant timestamp-cursor against the patched db module',
  engines: ['process', 'docker'],
  without: { variant: 'timestamp-cursor' },
  with: { variant: 'patched' },
  async scenario(lab, { variant }) {
    const stack = await lab.stack('nanoclaw', { variant });
    await stack.start(['nanoclaw', 'agent-1']);
    const post = async (id: string, timestamp: string) =>
      lab.require((await postMessage(stack, id, { timestamp })).status === 201, `${id} to be stored`);
    const answered = (id: string) =>
      lab.until(async () => (await answeredIds(stack)).includes(id), `message ${id} to be answered`);
    await post('first', SAME);
    await answered('first');
    await post('same-millisecond', SAME);
    await post('late', EARLIER);
    await post('newest', LATER);
    await answered('newest');
    await lab.until(() => isIdle(stack), 'nobody to have work left');
    const replies = await answeredIds(stack);
    const missed = ['same-millisecond', 'late'].filter((id) => !replies.includes(id));
    if (missed.length === 0) return [];
    const seen = `expected 4 stored messages to be answered, but the loop passed over ${missed.join(' and ')}`;
    return found('message-missed', seen, { missed });
  },
  expect: 'message-missed',
  seconds: 2.2,
});
