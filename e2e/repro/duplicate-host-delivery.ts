import { repro, type SourceEdit } from '../model/repro.ts';
import { release } from './harness/held-lock.ts';
import { answeredIds, isIdle, storeMessages } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

const WATCHER = 'fixtures/nanoclaw/src/ipc.ts';
const SEND = 'await send(call, groups, group, checkedFile(ipcMessageSchema, content), rowIdOf(group, name));';

/** Both sides: a host that has read a reply waits until it is told to go on, so that two hosts have read the same one. */
const WAITS = [
  {
    file: WATCHER,
    find: "import { ASSISTANT_NAME } from './config.ts';",
    replace: [
      "import { randomUUID } from 'node:crypto';",
      "import { existsSync, writeFileSync } from 'node:fs';",
      "import { setTimeout as delay } from 'node:timers/promises';",
      "import { ASSISTANT_NAME, DATABASE_FILE } from './config.ts';",
    ].join('\n'),
  },
];
const UNTIL_TOLD = [
  "writeFileSync(DATABASE_FILE + '.taken-' + randomUUID(), '');",
  "      while (!existsSync(DATABASE_FILE + '.release')) await delay(10);",
].join('\n');

/** The reply becomes a row under this id. */
const sendAs = (id: string): SourceEdit => {
  const send = SEND.replace('rowIdOf(group, name)', id);
  return { file: WATCHER, find: SEND, replace: `${UNTIL_TOLD}\n      ${send}` };
};

/**
 * Claim:  a reply is sent once, however many hosts run.
 * Method: a second host comes up beside the first; a message is answered, and both read the reply before either sends it.
 * Red as: reply-duplicated. Not claimed: one delivery over a channel that cannot tell a repetition; that needs a claim.
 */
export default repro({
  name: 'duplicate-host-delivery',
  title: 'Two hosts that read what is pending before either has marked it both send the same reply',
  operatorSees: 'the user gets the reply twice, after a deployment that left two hosts running; no error',
  refusals: [],
  alsoReportedAs: ['sent twice', 'duplicate reply', 'duplicate message', 'SingleInstanceError'],
  elapsed: 'nothing is refused',
  sources: ['nanocoai/nanoclaw#71', 'nanocoai/nanoclaw#529'],
  mechanism: 'Reading what is pending is no claim on it: until it is marked, every other host reads the same rows.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'both statements succeed in every mode; WAL only makes it rarer that a lock keeps the hosts apart',
  fix:
    'an id that follows from what is sent, so that the second time changes nothing (as nanoclaw has it, ids.ts); where a ' +
    "repetition cannot be told, claim by one statement: UPDATE … WHERE status = 'pending' RETURNING id",
  playedBy: 'nanoclaw',
  cast:
    'two hosts and an agent, as in a rolling restart; a reply is sent under an id of its own each time, or under that of ' +
    'its file (ipc.ts); both sides wait until both hosts have it',
  truth: 'a pid file is no cure in containers, where every host is pid 1 and so seems to live',
  engines: ['process', 'docker'],
  without: { id: "'ipc-' + randomUUID()" },
  with: { id: 'rowIdOf(group, name)' },
  async scenario(lab, { id }) {
    const stack = await lab.stack('nanoclaw', { edits: [...WAITS, sendAs(id)] });
    await stack.start(['nanoclaw', 'agent-1']);
    const taken = async () => (await stack.files()).filter(({ path }) => path.includes('.taken-')).length;
    await stack.replace('nanoclaw', async () => {
      await storeMessages(lab, stack, ['m1']);
      await lab.until(async () => (await taken()) >= 2, 'both hosts to have read the reply');
      await release(lab, stack);
    });
    await lab.until(async () => (await answeredIds(stack)).includes('m1'), 'the message to be answered');
    await lab.until(() => isIdle(stack), 'nobody to have work left');
    const sent = await answeredIds(stack);
    if (sent.length === 1) return [];
    return found('reply-duplicated', `expected one reply to one message, but ${sent.length} went out`, { sent });
  },
  expect: 'reply-duplicated',
  seconds: 2.5,
});
