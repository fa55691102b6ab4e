/** Rules on what keeps a process answering while its database waits for a lock. */
import type { Edit, Rule } from '../rule.ts';
import { exposedBy } from './places.ts';

const SERVICE = 'fixtures/service-kit/src/service.ts';
const FORK = 'fixtures/service-kit/src/fork-database.ts';

/** The same edits for both services, which share the place. */
const ofBoth = (...edits: Edit[]): Rule['edits'] => ({ nanoclaw: edits, 'oracle-v2': edits });

/** A child process in name only: what hostDatabase takes for its channel leads back into this process. */
const IN_THIS_PROCESS = `  const { EventEmitter } = process.getBuiltinModule('node:events');
  const channel = new EventEmitter();
  const end = () => setImmediate(() => channel.emit('exit', 0, null));
  const deliver = (message: unknown) => {
    if (process.listenerCount('message') === 0) setImmediate(deliver, message);
    else process.emit('message' as never, message as never);
  };
  const toDatabase = (message: unknown, sent?: (error: null) => void) => {
    setImmediate(deliver, message);
    sent?.(null);
  };
  const child = Object.assign(channel, { connected: true, kill: end, send: toDatabase }) as unknown as ChildProcess;
  const toHost = (message: unknown) => setImmediate(() => channel.emit('message', message));
  Object.assign(process, { connected: true, send: toHost, disconnect: end });
  void import(entry.href);
`;

export const STANDSTILL_RULES: readonly Rule[] = [
  {
    name: 'database-in-host',
    breaks: 'the thread that answers /health works on the database itself, and waits for its locks',
    edits: ofBoth({
      file: FORK,
      find: /^ {2}const child = fork\(fileURLToPath\(entry\), \{\n(?: {4}.*\n)*? {2}\}\);\n/gm,
      replace: IN_THIS_PROCESS,
    }),
    expected: 'liveness',
    exposure: exposedBy('hold-lock-long'),
  },
  {
    name: 'health-asks-database',
    breaks: '/health asks the database, and so waits behind whoever waits for a lock',
    edits: ofBoth({
      file: SERVICE,
      find: '    app.get(healthPath, (c) => {\n',
      replace: `    app.get(healthPath, async (c) => {
      await (this.#database?.call as Record<string, () => Promise<unknown>> | undefined)?.['ping']?.().catch(() => null);
`,
    }),
    expected: 'liveness',
    exposure: exposedBy('hold-lock-long'),
  },
];
