/** @import { Snapshot, Tick } from '../state.ts' */

/** Two beats are half a second apart; so long without one means that the observer is gone or stands still. */
const QUIET_MS = 2_500;
/** The browser connects again by itself, except after an answer that is no stream. */
const AGAIN_MS = 1_000;

/**
 * Follows the observer's stream for as long as the page is open. After each new connection a snapshot comes first, and what
 * was known before is of no use any more: it may be another observer.
 *
 * @param {{ onSnapshot(snapshot: Snapshot): void, onTick(tick: Tick): void, onQuiet(quietMs: number): void }} handlers
 */
export function follow({ onSnapshot, onTick, onQuiet }) {
  let heardAt = performance.now();
  /** @type {EventSource} */
  let source;
  const connect = () => {
    source = new EventSource('/events');
    source.addEventListener('snapshot', (event) => {
      heardAt = performance.now();
      onSnapshot(JSON.parse(event.data));
    });
    source.addEventListener('tick', (event) => {
      heardAt = performance.now();
      onTick(JSON.parse(event.data));
    });
  };
  connect();
  setInterval(() => {
    const quietMs = performance.now() - heardAt;
    if (quietMs > QUIET_MS) onQuiet(quietMs);
    if (source.readyState === EventSource.CLOSED) connect();
  }, AGAIN_MS);
}
