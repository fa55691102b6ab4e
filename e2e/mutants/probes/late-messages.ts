import { until } from '../../engine/shared/until.ts';
import type { Fault } from '../../model/scenario.ts';
import { HttpClient } from '../../traffic/http.ts';
import { baseUrlOf } from '../../traffic/targets.ts';

const MESSAGES = 5;
const LATE_BY_MS = 60_000;
const PAST_DEADLINE_MS = 10_000;

/** Messages whose time is older than what was read already, as a channel brings them after it was offline. */
export const lateMessages: Fault = {
  name: 'late-messages',
  title: 'messages with a time that has passed',
  targets: () => ['service'],
  async run({ stack, recorder }) {
    await using http = new HttpClient(1);
    const isPastThem = async () => {
      const { body } = await http.send({ method: 'GET', url: `${baseUrlOf(stack)}/status` });
      return ((body as { cursor?: string } | null)?.cursor ?? '') !== '';
    };
    const past = await until(isPastThem, { deadlineMs: PAST_DEADLINE_MS });
    const timestamp = new Date(Date.now() - LATE_BY_MS).toISOString();
    let stored = 0;
    for (let n = 1; n <= MESSAGES; n++) {
      const id = `late-${n}`;
      const content = `sent a minute ago, number ${n}`;
      const body = { id, chat_jid: 'main@g.us', sender: 'late', content, timestamp };
      const call = { client: 'late', kind: 'write', name: 'post-message', key: id, value: content } as const;
      const { outcome } = await recorder.op(call, async () => {
        const { body: _, ...result } = await http.send({ method: 'POST', url: `${baseUrlOf(stack)}/messages`, body });
        return result;
      });
      if (outcome === 'ok') stored++;
    }
    return {
      tookEffect: past && stored === MESSAGES,
      proof: `${stored} of ${MESSAGES} stored, behind the loop: ${past}`,
    };
  },
};
