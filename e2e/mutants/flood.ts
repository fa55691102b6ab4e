import pLimit from 'p-limit';
import type { Call, Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import { HttpClient } from '../traffic/http.ts';
import { targetsOf } from '../traffic/targets.ts';

const AT_ONCE = 32;

/** So many writes at once that every process that serves traffic is busy all the time. `round` makes their keys unique. Returns how many were acknowledged. */
export async function flood(stack: Stack, recorder: Recorder, round: number, writes: number): Promise<number> {
  await using http = new HttpClient(AT_ONCE);
  const limit = pLimit(AT_ONCE);
  const targets = targetsOf(stack);
  const sent = Array.from({ length: writes }, (_, n) =>
    limit(() => {
      const target = targets[n % targets.length] as string;
      const { path, body, ...call } = floodCall(stack.service.name, `${round}x${n}`);
      return recorder.op({ client: `flood-${round}-${n}`, target, ...call }, async () => {
        const { body: _, ...result } = await http.send({
          method: 'POST',
          url: `${stack.baseUrl(target)}${path}`,
          body,
        });
        return result;
      });
    }),
  );
  return (await Promise.all(sent)).filter(({ outcome }) => outcome === 'ok').length;
}

interface FloodCall extends Omit<Call, 'client' | 'target'> {
  path: string;
  body: unknown;
}

function floodCall(service: string, nth: string): FloodCall {
  if (service === 'nanoclaw') {
    const [key, value] = [`flood-${nth}`, `one of many, number ${nth}`];
    const body = { id: key, chat_jid: 'main@g.us', sender: 'flood', content: value };
    return { kind: 'write', name: 'post-message', key, value, path: '/messages', body };
  }
  const key = `note-flood${nth}`;
  const value = `${key} one of many`;
  return { kind: 'write', name: 'learn', key, value, path: '/api/learn', body: { pattern: value } };
}
