/** A run of NanoClaw with as many calls as are asked for. Each is a function of its position, so that nothing is held. */
import type { Demands, Evidence } from '../../model/evidence.ts';
import type { FoundItem } from '../../model/observation.ts';
import type { Op, Outcome } from '../../model/op.ts';
import { nanoclaw } from '../../services/nanoclaw.ts';
import { ENGLISH, THAI } from '../../traffic/words.ts';
import { type History, history } from './history.ts';

export interface SyntheticRun {
  ops: number;
  seed: number;
  /** One acknowledged message is not found at the end, and another is answered twice. */
  flawed: boolean;
}

const SENDERS = ['sender-1', 'sender-2', 'sender-3', 'sender-4'] as const;
const READERS = SENDERS.flatMap((_, n) => [`reader-${2 * n + 1}`, `reader-${2 * n + 2}`]);
const READS = ['read-messages', 'read-messages', 'read-outbox', 'list-tasks', 'status'] as const;
/** As the traffic of NanoClaw does it (traffic/nanoclaw.ts). */
const TASK_EVERY = 12;
/** Every third call is a sender's. */
const CALLS_PER_WRITE = 3;
const TASK_KEYS = SENDERS.map((name) => `task-${name}`);

const FIRST_CALL_MS = 100;
/** From one call to the next: 10 million take an hour. */
const STEP_MS = 0.36;
const FASTEST_MS = 2.5;
const SAMPLED_EVERY_MS = 2_000;
const FAULT_MS = 100;
const ODD_ONE_IN = 1_000;

/** Of 60 to 90 characters, in English and Thai. Made beforehand: what is measured is not how fast texts are made. */
const TEXTS = Array.from({ length: 1_024 }, (_, n) => {
  let text = '';
  for (let word = 0; text.length < 60; word++)
    text += `${ENGLISH[(7 * n + 3 * word) % ENGLISH.length]} ${THAI[(n + word) % THAI.length]} `;
  return Buffer.from(`${text}${n}`).toString();
});

const KEYS_FROM = 1_000_000;
const DIGITS = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, '0'));

/** What a thousand keys of a sender have in common. */
interface Beginning {
  block: number;
  text: string;
}
const BEGINNINGS: Beginning[] = SENDERS.map(() => ({ block: -1, text: '' }));

interface Fault {
  name: 'kill' | 'restart' | 'pause';
  target: string;
  fromMs: number;
  untilMs: number;
}

export function syntheticRun(run: SyntheticRun): Evidence {
  const endMs = FIRST_CALL_MS + run.ops * STEP_MS + 2 * FASTEST_MS;
  const faults = faultsOf(endMs);
  const calls = new Calls(run, faults.find(({ name }) => name === 'restart') as Fault);
  const told = observed(faults, endMs);
  told
    .at(endMs + 100)
    .probed()
    .integrity('live');
  const reads = { 'post-message': calls.messages, 'create-task': calls.tasks, 'set-task': calls.states };
  for (const [of, items] of Object.entries(reads)) told.observe({ kind: 'final-read', of, items });
  const answered = { answers: calls.answers, waitedMs: 100, deadlineMs: 20_000 };
  told.observe({ kind: 'delivery-read', of: 'post-message', ...answered });
  const names = nanoclaw.processes.map(({ name }) => name);
  for (const name of names) told.holds(name);
  told.at(endMs + 1_000).stopped(...names);
  told.sidecars('stopped').header(2, 2, 'stopped').fullText();
  return { ...told.evidence(), service: nanoclaw, ops: calls, demands: demandsOn(run) };
}

function demandsOn({ ops }: SyntheticRun): Demands {
  return {
    okOps: Math.floor(ops * 0.9),
    okOpsAroundFault: 100,
    faults: ['kill', 'restart', 'pause'],
    control: true,
    controlResult: { variant: nanoclaw.controlVariant, busy: 3, lostWrites: 0, okOps: 1_000 },
  };
}

function faultsOf(endMs: number): Fault[] {
  const struck = [
    ['kill', 'agent-1'],
    ['restart', 'nanoclaw'],
    ['pause', 'agent-3'],
    ['kill', 'agent-2'],
  ] as const;
  return struck.map(([name, target], n) => {
    const fromMs = Math.round((endMs * (n + 1)) / (struck.length + 1));
    return { name, target, fromMs, untilMs: fromMs + FAULT_MS };
  });
}

/** All that is seen besides calls. */
function observed(faults: readonly Fault[], endMs: number): History {
  const told = history();
  const comesUp = (...names: string[]) => {
    told.started(...names).watched(...names);
    for (const name of names) told.attested(name, { file: '/data/store/messages.db' }).holds(name);
  };
  const names = nanoclaw.processes.map(({ name }) => name);
  comesUp(...names);
  told.sidecars('open', 'wal', 'shm').walHeader();
  for (const { name, target, fromMs, untilMs } of faults) {
    told.at(fromMs + 10);
    if (name === 'kill') told.killed(target);
    if (name === 'restart') told.stopped(target);
    if (name !== 'pause') comesUp(target);
    told.sidecars('open', 'wal', 'shm').fault(name, target, fromMs, untilMs);
  }
  for (let atMs = 0; atMs < endMs; atMs += SAMPLED_EVERY_MS) told.at(atMs).sampled();
  for (const name of names) told.health(name, FIRST_CALL_MS, endMs);
  return told.traffic(FIRST_CALL_MS, endMs);
}

/** The calls, and what the service says of them at the end. */
class Calls implements Iterable<Op> {
  readonly #count: number;
  readonly #seed: number;
  /** While the host restarts, replies are lost. */
  readonly #lostFrom: number;
  readonly #lostUntil: number;
  /** The position of the message that is lost, and of the one that is answered twice; -1 where none is. */
  readonly #lost: number;
  readonly #twice: number;

  constructor({ ops, seed, flawed }: SyntheticRun, restart: Fault) {
    this.#count = ops;
    this.#seed = seed;
    this.#lostFrom = (restart.fromMs - FIRST_CALL_MS) / STEP_MS;
    this.#lostUntil = (restart.untilMs - FIRST_CALL_MS) / STEP_MS;
    this.#lost = flawed ? this.#acknowledgedFrom(Math.floor(ops / 2)) : -1;
    this.#twice = flawed ? this.#acknowledgedFrom(this.#lost + 1) : -1;
  }

  *[Symbol.iterator](): Iterator<Op> {
    for (let at = 0; at < this.#count; at++) yield at % CALLS_PER_WRITE === 0 ? this.#write(at) : this.#read(at);
  }

  /** Messages that were stored, in the order in which they were sent. */
  get messages(): Iterable<FoundItem> {
    return again(() => this.#messages());
  }

  get answers(): Iterable<{ key: string; count: number }> {
    return again(() => this.#answers());
  }

  get tasks(): FoundItem[] {
    return SENDERS.slice(0, this.#writes()).map((_, n) => ({ key: taskKey(n), value: promptOf(n), count: 1 }));
  }

  /** What each task was set to last by a call that was acknowledged. */
  get states(): FoundItem[] {
    return SENDERS.flatMap((_, sender) => {
      const last = Math.floor((this.#writes() - 1 - sender) / SENDERS.length / TASK_EVERY) * TASK_EVERY;
      for (let n = last; n > 0; n -= TASK_EVERY) {
        const at = (n * SENDERS.length + sender) * CALLS_PER_WRITE;
        if (this.#outcome(at, this.#mixed(at)) === 'ok') return [{ key: taskKey(sender), value: stateOf(n), count: 1 }];
      }
      return [];
    });
  }

  *#messages(): Generator<FoundItem> {
    for (let at = 0; at < this.#count; at += CALLS_PER_WRITE) {
      const mixed = this.#mixed(at);
      if (isMessage(at) && this.#isStored(at, mixed) && at !== this.#lost)
        yield { key: messageKey(at), value: textOf(mixed), count: 1 };
    }
  }

  *#answers(): Generator<{ key: string; count: number }> {
    for (let at = 0; at < this.#count; at += CALLS_PER_WRITE)
      if (isMessage(at) && this.#isStored(at, this.#mixed(at)))
        yield { key: messageKey(at), count: at === this.#twice ? 2 : 1 };
  }

  #read(at: number): Op {
    const calledAtMs = FIRST_CALL_MS + at * STEP_MS;
    const mixed = this.#mixed(at);
    const op: Op = {
      arm: 'subject',
      service: 'nanoclaw',
      index: at,
      client: READERS[at % READERS.length] as string,
      target: 'nanoclaw',
      kind: 'read',
      name: READS[mixed % READS.length] as string,
      calledAtMs,
      returnedAtMs: calledAtMs + FASTEST_MS + (mixed & 3) / 10,
      outcome: 'ok',
      status: 200,
    };
    const outcome = this.#outcome(at, mixed);
    return outcome === 'ok' ? op : unacknowledged(op, outcome);
  }

  #write(at: number): Op {
    const calledAtMs = FIRST_CALL_MS + at * STEP_MS;
    const mixed = this.#mixed(at);
    const sender = senderOf(at);
    const n = nthOf(at);
    const isPost = isMessage(at);
    const op: Op = {
      arm: 'subject',
      service: 'nanoclaw',
      index: at,
      client: SENDERS[sender] as string,
      target: 'nanoclaw',
      kind: isPost || n === 0 ? 'write' : 'update',
      name: isPost ? 'post-message' : n === 0 ? 'create-task' : 'set-task',
      key: isPost ? messageKey(at) : taskKey(sender),
      value: isPost ? textOf(mixed) : n === 0 ? promptOf(sender) : stateOf(n),
      calledAtMs,
      returnedAtMs: calledAtMs + FASTEST_MS + (mixed & 3) / 10,
      outcome: 'ok',
      status: 200,
    };
    const outcome = this.#outcome(at, mixed);
    return outcome === 'ok' ? op : unacknowledged(op, outcome);
  }

  #outcome(at: number, mixed: number): Outcome {
    if (at >= this.#lostFrom && at <= this.#lostUntil) return 'info';
    // The first call of a sender makes its task, without which there is nothing to set.
    if (mixed % ODD_ONE_IN !== 0 || nthOf(at) === 0) return 'ok';
    return mixed % (2 * ODD_ONE_IN) === 0 ? 'info' : 'fail';
  }

  /** Of the messages whose replies were lost every second one had been stored. */
  #isStored(at: number, mixed: number): boolean {
    const outcome = this.#outcome(at, mixed);
    return outcome === 'ok' || (outcome === 'info' && (mixed & 0x10000) === 0);
  }

  #acknowledgedFrom(first: number): number {
    for (let at = first; at < this.#count; at++)
      if (at % CALLS_PER_WRITE === 0 && isMessage(at) && this.#outcome(at, this.#mixed(at)) === 'ok') return at;
    throw new RangeError(`expected an acknowledged message at ${first} or later, seen none in ${this.#count} calls`);
  }

  #writes(): number {
    return Math.ceil(this.#count / CALLS_PER_WRITE);
  }

  /** 32 bits that look random (Mueller's integer hash). */
  #mixed(at: number): number {
    let bits = Math.imul(at ^ this.#seed ^ (at >>> 16), 0x45d9f3b);
    bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b);
    return (bits ^ (bits >>> 16)) >>> 0;
  }
}

function unacknowledged({ status: _, ...op }: Op, outcome: 'fail' | 'info'): Op {
  if (outcome === 'info') return { ...op, outcome, error: { code: 'ECONNRESET', message: 'socket hang up' } };
  return { ...op, outcome, status: 503, error: { code: 'HTTP_503', message: 'not ready' } };
}

const senderOf = (at: number) => (at / CALLS_PER_WRITE) % SENDERS.length;
const nthOf = (at: number) => Math.floor(at / (CALLS_PER_WRITE * SENDERS.length));
const isMessage = (at: number) => nthOf(at) % TASK_EVERY !== 0;
const textOf = (mixed: number) => TEXTS[mixed & 1_023] as string;
const taskKey = (sender: number) => TASK_KEYS[sender] as string;
const promptOf = (sender: number) => `summarise the day for ${taskKey(sender)}`;
const stateOf = (n: number) => (n % (2 * TASK_EVERY) === 0 ? 'active' : 'paused');

/** `sender-1-1000123`. A run of any length has keys of one length, and each costs the same: V8 keeps the digits of few numbers. */
function messageKey(at: number): string {
  const nth = KEYS_FROM + nthOf(at);
  const block = Math.floor(nth / DIGITS.length);
  const beginning = BEGINNINGS[senderOf(at)] as Beginning;
  if (beginning.block !== block) {
    beginning.block = block;
    beginning.text = `${SENDERS[senderOf(at)]}-${block}`;
  }
  return beginning.text + (DIGITS[nth % DIGITS.length] as string);
}

/** A generator can be gone through once; what makes it anew can be gone through again. */
function again<T>(make: () => Iterator<T>): Iterable<T> {
  return { [Symbol.iterator]: make };
}
