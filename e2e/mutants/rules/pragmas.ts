/** Rules on the pragmas of both db modules: each dropped, each weakened. */
import type { Rule } from '../rule.ts';
import {
  CONSTRUCTOR_TIMEOUT,
  exposedAtStart,
  exposedBy,
  inBoth,
  policyEntry,
  policyItem,
  pragmaLine,
  pragmaText,
  SWITCH_LINE,
} from './places.ts';

const plain = exposedAtStart('together');

/** The modules read every pragma back and stop when one did not take. */
const GUARDED = 'the module reads it back and refuses to run';

const dropped: readonly Rule[] = [
  {
    name: 'drop-busy-timeout',
    breaks: 'busy_timeout is not set after the connection is made',
    edits: inBoth([pragmaLine('busy_timeout'), '']),
    expected: 'running',
    exposure: exposedBy('hold-lock'),
    equivalent: "the constructor's option sets the same 30 000 ms on the same connection",
  },
  {
    name: 'drop-constructor-timeout',
    breaks: 'the connection is made with the timeout of the driver, 5 000 ms',
    edits: inBoth([CONSTRUCTOR_TIMEOUT, '']),
    expected: 'running',
    exposure: exposedBy('hold-lock'),
    equivalent: 'the pragma in the next line sets 30 000 ms before any statement runs',
  },
  {
    name: 'drop-journal-mode',
    breaks: `the switch to WAL; ${GUARDED}`,
    edits: inBoth([SWITCH_LINE, '']),
    expected: 'running',
    exposure: plain,
  },
  {
    name: 'drop-synchronous',
    breaks: `synchronous = NORMAL; ${GUARDED}`,
    edits: inBoth([pragmaLine('synchronous'), '']),
    expected: 'running',
    exposure: plain,
  },
  {
    name: 'drop-cache-size',
    breaks: `cache_size = -20000; ${GUARDED}`,
    edits: inBoth([pragmaLine('cache_size'), '']),
    expected: 'running',
    exposure: plain,
  },
  {
    name: 'drop-foreign-keys',
    breaks: 'foreign_keys = ON',
    edits: inBoth([pragmaLine('foreign_keys'), '']),
    expected: 'running',
    exposure: plain,
    equivalent: 'the driver opens every connection with foreign_keys ON',
  },
];

/** Dropped together with its entry in the policy, so that only those who look at the connection can tell. */
const unguarded: readonly Rule[] = [
  {
    name: 'drop-both-timeouts',
    breaks: 'every setting of the wait, and reading it back: 5 000 ms are left, the default of the driver',
    edits: inBoth([CONSTRUCTOR_TIMEOUT, ''], [pragmaLine('busy_timeout'), ''], [policyItem('busy_timeout'), '']),
    expected: 'pragma-policy',
    exposure: plain,
  },
  {
    name: 'drop-journal-mode-unguarded',
    breaks: 'the switch to WAL, and reading it back',
    edits: inBoth([SWITCH_LINE, ''], [policyItem('journal_mode'), '']),
    expected: 'wal-mode',
    exposure: plain,
  },
  {
    name: 'drop-synchronous-unguarded',
    breaks: 'synchronous = NORMAL, and reading it back',
    edits: inBoth([pragmaLine('synchronous'), ''], [policyItem('synchronous'), '']),
    expected: 'pragma-policy',
    exposure: plain,
    equivalent:
      'the driver is compiled with NORMAL for WAL files: the connection that makes the switch is at FULL only until its next transaction',
  },
  {
    name: 'drop-cache-size-unguarded',
    breaks: 'cache_size, and reading it back: no behaviour shows it, only the word of the connection',
    edits: inBoth([pragmaLine('cache_size'), ''], [policyItem('cache_size'), '']),
    expected: 'pragma-policy',
    exposure: plain,
  },
];

function weakened(name: string, pragma: string, value: string, policy: string, breaks: string): Rule {
  return {
    name,
    breaks,
    edits: inBoth([pragmaText(pragma), `${pragma} = ${value}`], [policyEntry(pragma), `${pragma}: ${policy}`]),
    expected: 'pragma-policy',
    exposure: plain,
  };
}

const weak: readonly Rule[] = [
  weakened('timeout-0', 'busy_timeout', '0', '0', 'a lock is never waited for'),
  weakened('timeout-50', 'busy_timeout', '50', '50', 'a lock is waited for no longer than 50 ms'),
  weakened('synchronous-off', 'synchronous', 'OFF', '0', 'nothing is ever synced, so a power cut can damage the file'),
  weakened('small-cache', 'cache_size', '-2000', '-2_000', 'the page cache has a tenth of its size'),
  weakened('foreign-keys-off', 'foreign_keys', 'OFF', '0', 'rows may refer to rows that do not exist'),
  {
    name: 'journal-delete',
    breaks: 'the file stays in rollback mode, and the policy says so',
    edits: {
      nanoclaw:
        inBoth(
          [SWITCH_LINE, "    db.pragma('journal_mode = DELETE');\n"],
          [policyEntry('journal_mode'), "journal_mode: 'delete'"],
        )['nanoclaw'] ?? [],
      'oracle-v2':
        inBoth(
          [SWITCH_LINE, "    database.pragma('journal_mode = DELETE');\n"],
          [policyEntry('journal_mode'), "journal_mode: 'delete'"],
        )['oracle-v2'] ?? [],
    },
    expected: 'wal-mode',
    exposure: plain,
  },
];

export const PRAGMA_RULES: readonly Rule[] = [...dropped, ...unguarded, ...weak];
