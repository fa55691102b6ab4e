import type { ProcessDefinition, ServiceDefinition } from '../model/service.ts';

/** Upstream polls every 1 to 60 s; a run of seconds needs many rounds of each loop. */
const INTERVALS = {
  POLL_INTERVAL: '100',
  IPC_POLL_INTERVAL: '100',
  SCHEDULER_POLL_INTERVAL: '100',
  AGENT_POLL_INTERVAL: '100',
};

const COMMON = { DATA_DIR: '{data}', PORT: '{port}', ...INTERVALS };

const host: ProcessDefinition = {
  name: 'nanoclaw',
  entry: 'src/main.ts',
  env: COMMON,
  port: 47_779,
  healthPath: '/health',
  servesTraffic: true,
  stopGraceMs: 10_000,
};

const agent = (name: string): ProcessDefinition => ({
  name,
  entry: 'src/agent.ts',
  env: { ...COMMON, AGENT_NAME: '{process}' },
  port: 47_781,
  healthPath: '/health',
  servesTraffic: false,
  stopGraceMs: 10_000,
});

export const nanoclaw: ServiceDefinition = {
  name: 'nanoclaw',
  title: 'NanoClaw',
  sourceDir: 'fixtures/nanoclaw',
  dbModule: 'src/db.ts',
  dbModuleExports: [
    'initDatabase',
    'storeChatMetadata',
    'storeMessage',
    'getNewMessages',
    'getMessagesSince',
    'getOutbox',
    'createTask',
    'getTaskById',
    'getAllTasks',
    'getDueTasks',
    'updateTask',
    'updateTaskAfterRun',
    'logTaskRun',
    'deleteTask',
    'getRouterState',
    'setRouterState',
    'getSession',
    'setSession',
    'getRegisteredGroup',
    'setRegisteredGroup',
    'getAllRegisteredGroups',
    'getAllChats',
  ],
  variants: {
    patched: 'fixtures/nanoclaw/src/db.ts',
    unpatched: 'fixtures/variants/nanoclaw/unpatched.ts',
    'driver-default': 'fixtures/variants/nanoclaw/driver-default.ts',
    'seed-literal': 'fixtures/variants/nanoclaw/seed-literal.ts',
    'timestamp-cursor': 'fixtures/variants/nanoclaw/timestamp-cursor.ts',
  },
  controlVariant: 'unpatched',
  database: 'store/messages.db',
  policy: { journalMode: 'wal', busyTimeoutMs: 30_000, synchronous: 1, cacheSize: -20_000, foreignKeys: true },
  tables: ['chats', 'messages', 'scheduled_tasks', 'task_run_logs', 'router_state', 'sessions', 'registered_groups'],
  promises: { answered: ['post-message'] },
  keys: [
    { of: 'post-message', sql: 'SELECT id FROM messages WHERE NOT is_bot_message ORDER BY rowid' },
    { of: 'create-task', sql: 'SELECT id FROM scheduled_tasks ORDER BY rowid' },
  ],
  processes: [host, agent('agent-1'), agent('agent-2'), agent('agent-3')],
};
