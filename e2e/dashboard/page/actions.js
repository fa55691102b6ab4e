/** @import { ControlState } from '../control.ts' */

const TOKEN_KEY = 'walproof-token';
const ASK_EVERY_MS = 1_000;
const OF_ANOTHER_RUN = 'This address is of another run of walproof up: open the one it printed last.';

/**
 * The token comes in the fragment of the address that `walproof up` printed, which no server is ever sent. It is kept for
 * this tab, so that a reload can act as well, and taken out of the address bar.
 *
 * @returns {string | null}
 */
function takeToken() {
  const given = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (given !== undefined) {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(TOKEN_KEY);
}

/** Asks the control server of `walproof up` to act, and follows what it does, also for another tab. */
export class Actions {
  /** @type {ControlState | null} */
  state = null;
  /**
   * Why nothing can be done here; null when it can.
   *
   * @type {string | null}
   */
  reason = 'The buttons wait for the observer.';
  #token = takeToken();
  /** @type {number | null} */
  #port = null;
  /** @type {string | null} */
  #refused = null;
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    addEventListener('hashchange', () => {
      this.#token = takeToken();
      void this.#ask();
    });
    setInterval(() => void this.#ask(), ASK_EVERY_MS);
  }

  /** @param {number | null} port */
  connect(port) {
    if (port === this.#port && port !== null) return;
    this.#port = port;
    this.#refused = null;
    void this.#ask();
  }

  /** Whether something can be asked for just now. */
  get isReady() {
    return this.reason === null && this.state !== null && this.state.current === null;
  }

  /**
   * @param {string} route e.g. `kill`
   * @param {Record<string, string | boolean>} what
   */
  async act(route, what) {
    if (!this.isReady) return;
    try {
      await this.#fetch(route, { method: 'POST', body: JSON.stringify(what) }, 120_000);
    } catch {
      // What became of it, the state tells; when it does not answer, it says so.
    }
    await this.#ask();
  }

  async #ask() {
    const before = JSON.stringify([this.state, this.reason]);
    [this.state, this.reason] = await this.#look();
    if (JSON.stringify([this.state, this.reason]) !== before) this.#onChange();
  }

  /** @returns {Promise<[ControlState | null, string | null]>} */
  async #look() {
    if (this.#token !== null && this.#token === this.#refused) return [null, OF_ANOTHER_RUN];
    if (this.#port === null) return [null, 'The buttons need npx walproof up; this stack was started without it.'];
    if (this.#token === null)
      return [null, 'The buttons need the whole address that walproof up printed, with its #token.'];
    try {
      const response = await this.#fetch('state', {}, 3_000);
      if (response.ok) return [await response.json(), null];
      // It will not be admitted later either.
      this.#refused = this.#token;
      return [null, OF_ANOTHER_RUN];
    } catch {
      return [null, 'walproof up does not answer; it may have ended.'];
    }
  }

  /**
   * @param {string} route
   * @param {RequestInit} init
   * @param {number} timeoutMs
   */
  async #fetch(route, init, timeoutMs) {
    return await fetch(`http://127.0.0.1:${this.#port}/${route}`, {
      ...init,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}
