/**
 * Goal:   NanoClaw's routes refuse bad input with a JSON error and a fitting status, and a start that cannot be right ends
 *         with a line that says why.
 * Method: the host as a real process on a folder of its own, this process as its client.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dbModuleText } from './nanoclaw/app-copy.ts';
import { type Client, clientOf } from './nanoclaw/client.ts';
import { eventually } from './nanoclaw/helpers.ts';
import { NanoclawProcesses } from './nanoclaw/service-processes.ts';

describe('http', () => {
  let service: NanoclawProcesses;
  let client: Client;
  beforeAll(async () => {
    service = new NanoclawProcesses();
    await service.start('nanoclaw');
    client = clientOf(service);
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const message = { chat_jid: 'main@g.us', sender: 'nok', content: 'hello' };
  const task = { group_folder: 'main', prompt: 'brief', schedule_type: 'interval', schedule_value: '60000' };
  const without = (body: object, field: string) =>
    Object.fromEntries(Object.entries(body).filter(([key]) => key !== field));

  test.each([
    ['POST', '/messages', '{', 400, 'INVALID_JSON'],
    ['POST', '/messages', '', 400, 'INVALID_JSON'],
    ['POST', '/messages', '[]', 400, 'INVALID_BODY'],
    ['POST', '/messages', without(message, 'chat_jid'), 400, 'INVALID_BODY'],
    ['POST', '/messages', without(message, 'sender'), 400, 'INVALID_BODY'],
    ['POST', '/messages', without(message, 'content'), 400, 'INVALID_BODY'],
    ['POST', '/messages', { ...message, content: '' }, 400, 'INVALID_BODY'],
    ['POST', '/messages', { ...message, content: 7 }, 400, 'INVALID_BODY'],
    ['POST', '/messages', { ...message, chat_jid: 'two words' }, 400, 'INVALID_BODY'],
    ['POST', '/messages', { ...message, id: '../../etc/passwd' }, 400, 'INVALID_BODY'],
    ['POST', '/messages', { ...message, id: 'ipc-main-1' }, 400, 'INVALID_BODY'],
    ['POST', '/messages', { ...message, timestamp: 'yesterday' }, 400, 'INVALID_BODY'],
    ['POST', '/messages', { ...message, content: 'x'.repeat(1024 * 1024) }, 413, 'BODY_TOO_LARGE'],
    ['GET', '/messages', undefined, 400, 'INVALID_QUERY'],
    ['GET', '/messages?chat_jid=main@g.us&since=yesterday', undefined, 400, 'INVALID_QUERY'],
    ['GET', '/messages?chat_jid=main@g.us&limit=0', undefined, 400, 'INVALID_QUERY'],
    ['GET', '/messages?chat_jid=main@g.us&limit=100000', undefined, 400, 'INVALID_QUERY'],
    ['GET', '/outbox?since=%23', undefined, 400, 'INVALID_QUERY'],
    ['POST', '/scheduler/tasks', without(task, 'prompt'), 400, 'INVALID_BODY'],
    ['POST', '/scheduler/tasks', without(task, 'schedule_value'), 400, 'INVALID_BODY'],
    ['POST', '/scheduler/tasks', { ...task, schedule_type: 'hourly' }, 400, 'INVALID_BODY'],
    ['POST', '/scheduler/tasks', { ...task, schedule_value: '-5' }, 400, 'INVALID_SCHEDULE'],
    [
      'POST',
      '/scheduler/tasks',
      { ...task, schedule_type: 'cron', schedule_value: '99 * * * *' },
      400,
      'INVALID_SCHEDULE',
    ],
    ['POST', '/scheduler/tasks', { ...task, schedule_type: 'once', schedule_value: 'soon' }, 400, 'INVALID_SCHEDULE'],
    ['POST', '/scheduler/tasks', { ...task, group_folder: 'strangers' }, 404, 'UNKNOWN_GROUP'],
    ['GET', '/scheduler/tasks/none', undefined, 404, 'UNKNOWN_TASK'],
    ['POST', '/scheduler/tasks/none/pause', undefined, 404, 'UNKNOWN_TASK'],
    ['POST', '/scheduler/tasks/none/cancel', undefined, 404, 'UNKNOWN_TASK'],
    ['POST', '/scheduler/tasks/conversation-main/cancel', undefined, 409, 'WRONG_STATUS'],
    ['POST', '/scheduler/tasks/conversation-main/run', undefined, 409, 'WRONG_STATUS'],
    ['GET', '/nothing', undefined, 404, 'NOT_FOUND'],
  ])('%s %s refuses bad input %#', async (method, path, body, status, code) => {
    const answer =
      method === 'GET'
        ? await client.get(path)
        : typeof body === 'string'
          ? await client.postRaw(path, body)
          : await client.post(path, body);
    expect(answer).toMatchObject({ status, body: { error: { code, message: expect.any(String) } } });
  });

  test('the same message twice is one message, with its first time', async () => {
    const timestamp = '2026-07-01T00:00:00.000Z';
    expect(await client.postMessage('twice', { timestamp })).toMatchObject({ status: 201, body: { id: 'twice' } });
    expect(await client.postMessage('twice', { content: 'edited' })).toMatchObject({
      status: 201,
      body: { id: 'twice' },
    });
    const { body } = await client.get('/messages?chat_jid=main@g.us&limit=1000');
    const rows = body.messages.filter(({ id }: { id: string }) => id === 'twice');
    expect(rows).toMatchObject([{ content: 'edited', timestamp }]);
  });

  test('a message to an unknown chat makes the chat, and an id is given when none is', async () => {
    const { status, body } = await client.post('/messages', { ...message, chat_jid: 'new@g.us' });
    expect(status).toBe(201);
    expect(await client.get('/messages?chat_jid=new@g.us')).toMatchObject({ body: { messages: [{ id: body.id }] } });
  });

  test('a task goes through its states and no others', async () => {
    const id = 'life';
    expect(await client.post('/scheduler/tasks', { ...task, id })).toMatchObject({
      status: 201,
      body: { id, status: 'active' },
    });
    const step = (what: string) => client.post(`/scheduler/tasks/${id}/${what}`);
    expect(await step('resume')).toMatchObject({ status: 409, body: { error: { code: 'WRONG_STATUS' } } });
    expect(await step('pause')).toMatchObject({ status: 200, body: { status: 'paused' } });
    expect(await step('pause')).toMatchObject({ status: 409 });
    expect(await step('run')).toMatchObject({ status: 409 });
    expect(await step('resume')).toMatchObject({ status: 200, body: { status: 'active' } });
    expect(await step('run')).toMatchObject({ status: 202 });
    await eventually(
      'the task to have run',
      async () => (await client.get(`/scheduler/tasks/${id}`)).body.last_run !== null,
    );
    expect(await step('cancel')).toMatchObject({ status: 200 });
    expect(await client.get(`/scheduler/tasks/${id}`)).toMatchObject({ status: 404 });
  });

  test('metrics are in Prometheus text', async () => {
    const response = await fetch(service.url('nanoclaw', '/metrics'));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('# TYPE http_requests_total counter');
  });

  test('the time of answers is told, without those to whoever only watches', async () => {
    const answered = async () => {
      const text = await (await fetch(service.url('nanoclaw', '/metrics'))).text();
      return Number(/^http_request_duration_seconds_count\{method="GET"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    const before = await answered();
    await client.get('/health');
    await client.get('/status');
    expect(await answered()).toBe(before + 1);
  });
});

describe('start', () => {
  const fatal = (service: NanoclawProcesses) => service.lines('nanoclaw').join('\n');

  test('a db module without an export of the contract ends it with the name', async () => {
    await using service = new NanoclawProcesses(dbModuleText('patched').replace(/^ {2}getDueTasks,\n/m, ''));
    await service.spawn('nanoclaw');
    expect(await service.ended('nanoclaw')).toMatchObject({ exitCode: 1 });
    expect(fatal(service)).toMatch(/"code":"DB_MODULE_EXPORT_MISSING".*getDueTasks/);
  });

  test('a pragma that does not hold ends it', async () => {
    const text = dbModuleText('patched').replace("'synchronous = NORMAL'", "'synchronous = FULL'");
    await using service = new NanoclawProcesses(text);
    await service.spawn('nanoclaw');
    expect(await service.ended('nanoclaw')).toMatchObject({ exitCode: 1 });
    expect(fatal(service)).toMatch(/open-failed.*"code":"PRAGMA_MISMATCH"/);
  });

  test.each([
    ['PORT', '0'],
    ['POLL_INTERVAL', 'often'],
    ['NANOCLAW_GROUPS', 'main,../etc'],
  ])('a wrong %s ends it with a line that names it', async (name, value) => {
    await using service = new NanoclawProcesses();
    await service.spawn('nanoclaw', { [name]: value });
    expect(await service.ended('nanoclaw')).toMatchObject({ exitCode: 64 });
    expect(fatal(service)).toContain(`environment ${name}`);
  });
});
