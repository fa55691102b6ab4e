/**
 * A process that works with one db module on command: `{ id, method, args, atNs }`. With `atNs`, a reading of the monotonic
 * clock that all processes share, it spins until that moment, so that several workers begin together. `pragma` reads one
 * back from the module's own connection.
 */
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';

export interface Command {
  id: number;
  method: string;
  args: unknown[];
  atNs?: bigint;
}

export type Outcome =
  | { ok: true; value: unknown; ms: number }
  | { ok: false; code: string; message: string; ms: number };

// The module keeps its connection to itself; every one makes its tables when it is opened.
let connection: Database.Database | undefined;
const exec = Database.prototype.exec;
Database.prototype.exec = function (this: Database.Database, sql: string) {
  connection = this;
  return exec.call(this, sql);
};

const module = (await import(pathToFileURL(process.argv[2] ?? '').href)) as Record<
  string,
  (...args: unknown[]) => unknown
>;

const commands: Record<string, (...args: unknown[]) => unknown> = {
  ...module,
  pragma: (name) => connection?.pragma(String(name), { simple: true }),
  exports: () => Object.keys(module).filter((name) => typeof module[name] === 'function'),
  /** Stores many messages in a chat of their own; the first failure ends it. */
  storeMany(prefix, count) {
    for (let n = 0; n < Number(count); n++) {
      module['storeMessage']?.({
        id: `${prefix}-${n}`,
        chat_jid: `${prefix}@g.us`,
        sender: 'a',
        sender_name: 'A',
        content: `message ${n}`,
        timestamp: new Date().toISOString(),
      });
    }
  },
};

function run({ method, args, atNs }: Command): Outcome {
  const command = commands[method];
  if (atNs !== undefined) while (process.hrtime.bigint() < atNs);
  const startedAt = performance.now();
  try {
    if (command === undefined) throw new Error(`no such command: ${method}`);
    return { ok: true, value: command(...args), ms: performance.now() - startedAt };
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return { ok: false, code: code ?? 'NO_CODE', message, ms: performance.now() - startedAt };
  }
}

process.on('message', (command: Command) => process.send?.({ id: command.id, outcome: run(command) }));
process.on('disconnect', () => process.exit());
process.send?.({ id: 0, outcome: { ok: true, value: undefined, ms: 0 } });
