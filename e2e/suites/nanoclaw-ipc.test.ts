/**
 * Goal:   whatever lies in a group's folder, NanoClaw does only what that group may ask for, and keeps what it refuses.
 * Method: the host as a real process; this process is the agent of every group, honest and not.
 */
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf } from './nanoclaw/client.ts';
import { eventually, ipcOf, putWhole } from './nanoclaw/helpers.ts';
import { NanoclawProcesses } from './nanoclaw/service-processes.ts';

describe('ipc', () => {
  let service: NanoclawProcesses;
  let client: Client;
  beforeAll(async () => {
    service = new NanoclawProcesses();
    await service.start('nanoclaw');
    client = clientOf(service);
  });
  afterAll(() => service[Symbol.asyncDispose]());

  let files = 0;
  const newName = () => `${1_782_864_000_000 + ++files}-${files}.json`;
  /** Puts a file as an agent of the group would; returns its name. */
  function put(group: string, box: string, content: unknown, name: string = newName()): string {
    putWhole(ipcOf(service, group, box, name), content);
    return name;
  }
  const gone = (group: string, box: string, name: string) =>
    eventually(`${group}/${box}/${name} to be taken`, () => !existsSync(ipcOf(service, group, box, name)));
  const inErrors = (group: string, name: string) => readdirSync(ipcOf(service, 'errors')).includes(`${group}-${name}`);
  const text = (groupFolder: string, chatJid: string) => ({
    type: 'message',
    chatJid,
    text: `from ${groupFolder} to ${chatJid}`,
    groupFolder,
    timestamp: '2026-07-01T00:00:00.000Z',
  });
  const schedule = (groupFolder: string, targetJid?: string) => ({
    type: 'schedule_task',
    prompt: 'p',
    schedule_type: 'once',
    schedule_value: '2099-01-01T00:00:00.000Z',
    targetJid,
    groupFolder,
  });

  test.each([
    ['a group to its own chat', 'family', text('family', 'family@g.us'), true],
    ['main to any chat', 'main', text('main', 'work@g.us'), true],
    ['a group to the chat of another', 'family', text('family', 'work@g.us'), false],
    ['a group that says it is main', 'family', text('main', 'work@g.us'), false],
    ['a group that says it is another, to its own chat', 'family', text('work', 'family@g.us'), false],
    ['a group to a chat that is none', 'ops', text('ops', '../../store'), false],
    ['no text', 'family', { ...text('family', 'family@g.us'), text: '' }, false],
    ['another type', 'family', { ...text('family', 'family@g.us'), type: 'photo' }, false],
    ['no JSON', 'family', '{"type":"mess', false],
    ['too large', 'family', { ...text('family', 'family@g.us'), text: 'x'.repeat(300 * 1024) }, false],
  ])('messages: %s', async (_case, group, content, allowed) => {
    const name = put(group, 'messages', content);
    await gone(group, 'messages', name);
    const sent = (await client.replies()).some(({ id }) => id === `ipc-${group}-${name.replace('.json', '')}`);
    expect({ sent, inErrors: inErrors(group, name) }).toEqual({ sent: allowed, inErrors: !allowed });
    const refusal = service.lines('nanoclaw').find((line) => line.includes('ipc-refused') && line.includes(name));
    expect(refusal === undefined).toBe(allowed);
  });

  test.each([
    ['a group for itself', 'family', schedule('family'), true],
    ['main for another', 'main', schedule('main', 'ops@g.us'), true],
    ['a group for another', 'family', schedule('family', 'ops@g.us'), false],
    ['for a chat without a group', 'main', schedule('main', 'nobody@g.us'), false],
    ['a schedule that is none', 'family', { ...schedule('family'), schedule_value: 'soon' }, false],
    [
      'a cancellation of what is gone already',
      'family',
      { type: 'cancel_task', taskId: 'gone', groupFolder: 'family' },
      true,
    ],
    ['a pause of what never was', 'family', { type: 'pause_task', taskId: 'never', groupFolder: 'family' }, false],
  ])('tasks: %s', async (_case, group, content, allowed) => {
    const name = put(group, 'tasks', content);
    await gone(group, 'tasks', name);
    expect(inErrors(group, name)).toBe(!allowed);
    const { status } = await client.get(`/scheduler/tasks/ipc-${group}-${name.replace('.json', '')}`);
    expect(status === 200).toBe(allowed && content.type === 'schedule_task');
  });

  test('a group changes its own tasks only', async () => {
    const id = 'of-work';
    const body = { id, group_folder: 'work', prompt: 'p', schedule_type: 'interval', schedule_value: '3600000' };
    expect(await client.post('/scheduler/tasks', body)).toMatchObject({ status: 201 });
    const order = async (group: string, type: string) => {
      const name = put(group, 'tasks', { type, taskId: id, groupFolder: group });
      await gone(group, 'tasks', name);
      return { refused: inErrors(group, name), status: (await client.get(`/scheduler/tasks/${id}`)).body.status };
    };
    expect(await order('family', 'pause_task')).toEqual({ refused: true, status: 'active' });
    expect(await order('work', 'pause_task')).toEqual({ refused: false, status: 'paused' });
    // The same order again, as after a kill before its file was deleted.
    expect(await order('work', 'pause_task')).toEqual({ refused: false, status: 'paused' });
    expect(await order('main', 'resume_task')).toEqual({ refused: false, status: 'active' });
    expect(await order('family', 'cancel_task')).toEqual({ refused: true, status: 'active' });
    expect(await order('work', 'cancel_task')).toEqual({ refused: false, status: undefined });
  });

  test('no symlink is followed, and no half-written file is read', async () => {
    const secret = join(service.data, 'secret.json');
    writeFileSync(secret, JSON.stringify(text('family', 'family@g.us')));
    const link = newName();
    symlinkSync(secret, ipcOf(service, 'family', 'messages', link));
    const folder = newName();
    mkdirSync(ipcOf(service, 'family', 'messages', folder));
    const half = put('family', 'messages', '{"type":"mess', '.half.json.agent-1.tmp');
    for (const name of [link, folder]) {
      await gone('family', 'messages', name);
      expect(inErrors('family', name)).toBe(true);
    }
    expect(existsSync(secret)).toBe(true);
    expect(existsSync(ipcOf(service, 'family', 'messages', half))).toBe(true);
    const leaked = (await client.replies()).some(({ id }) => id.includes(link.replace('.json', '')));
    expect(leaked).toBe(false);
  });

  test('a file that is there again changes nothing, as after a kill between commit and deletion', async () => {
    const content = text('family', 'family@g.us');
    const name = put('family', 'messages', content);
    await gone('family', 'messages', name);
    put('family', 'messages', { ...content, text: 'something else' }, name);
    await gone('family', 'messages', name);
    const rows = (await client.replies()).filter(({ id }) => id === `ipc-family-${name.replace('.json', '')}`);
    expect(rows).toMatchObject([{ content: content.text }]);
  });
});
