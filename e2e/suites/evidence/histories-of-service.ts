/** Red and green histories of the codes that speak of what the service does for its users. */
import { delivery } from '../../check/delivery.ts';
import { liveness } from '../../check/liveness.ts';
import { searchIndex } from '../../check/search-index.ts';
import type { FindingCode } from '../../model/verdict.ts';
import type { RedAndGreen } from '../evidence-builder.ts';
import { goodRun } from './good-run.ts';

export const SERVICE_HISTORIES = {
  'message-missed': {
    checker: delivery,
    story: 'the cursor went past a note that was committed late',
    red: () => goodRun().but('delivery-read', ({ answers }) => ({ answers: [...answers].slice(1) })),
    green: () => goodRun().at(800).info('add-note', 'maybe', 'reply lost'),
  },
  'reply-duplicated': {
    checker: delivery,
    story: 'a host killed between commit and deletion took the file for a new one',
    red: () =>
      goodRun().but('delivery-read', ({ answers }) => ({
        answers: Array.from(answers, (each) => ({ ...each, count: 2 })),
      })),
    green: () =>
      goodRun()
        .at(800)
        .info('add-note', 'maybe', 'reply lost')
        .but('delivery-read', ({ answers }) => ({ answers: [...answers, { key: 'maybe', count: 1 }] })),
  },
  'fts-inconsistent': {
    checker: searchIndex,
    story: 'the index holds words that the text has not',
    red: () => goodRun().fullText('database disk image is malformed'),
    green: () => goodRun().fullText(),
  },
  'document-unfindable': {
    checker: searchIndex,
    story: 'a kill between two commits left a note without its full-text row',
    red: () =>
      goodRun().but('search-read', ({ items }) => ({ items: [...items, { key: 'half', listed: 1, found: 0 }] })),
    green: () =>
      goodRun()
        .at(800)
        .info('add-note', 'maybe', 'reply lost')
        .but('search-read', ({ items }) => ({ items: [...items, { key: 'maybe', listed: 0, found: 0 }] })),
  },
  'event-loop-stalled': {
    checker: liveness,
    story: 'the host waits for a lock on the thread that answers /health',
    red: () => goodRun().at(450).stalled('host', 400),
    green: () => goodRun().at(450).stalled('host', 400, 380).at(650).stalled('agent', 30),
  },
  'health-gap': {
    checker: liveness,
    story: 'the host did not answer its health check while it waited for a lock',
    red: () => goodRun().at(450).probedHealth('host', 5_000, { healthy: false, seen: 'no answer within 5000 ms' }),
    green: () =>
      goodRun()
        .at(320)
        .probedHealth('host', 3, { healthy: false, seen: 'ECONNREFUSED', starvedMs: null })
        .at(450)
        .probedHealth('host', 400, { starvedMs: 300, proberLateMs: 50 }),
  },
  'slow-recovery': {
    checker: liveness,
    story: 'after its restart the host acknowledged nothing for six seconds',
    red: () =>
      goodRun()
        .withoutOps(({ calledAtMs }) => calledAtMs > 400)
        .traffic(100, 6_500),
    green: () => goodRun().withoutOps(({ calledAtMs }) => calledAtMs > 400),
  },
} satisfies Partial<Record<FindingCode, RedAndGreen>>;
