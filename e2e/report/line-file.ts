/** A file that grows by lines. Several are written at once: a write for each costs more than all else that is done with it. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** What is lost at most when the process is killed. */
const LATEST_MS = 100;
/** Enough for a write to cost little, and little enough for memory. */
const ENOUGH_CHARACTERS = 64 * 1024;

interface LineFileEvents {
  /** What is handed to the file, in its order. */
  onBytes(bytes: Buffer): void;
  onError(error: Error): void;
}

export class LineFile {
  readonly #stream: WriteStream;
  readonly #events: LineFileEvents;
  #text = '';
  #timer: NodeJS.Timeout | null = null;

  constructor(path: string, events: LineFileEvents) {
    this.#events = events;
    this.#stream = createWriteStream(path, { flags: 'a' });
    this.#stream.on('error', events.onError);
  }

  add(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length >= ENOUGH_CHARACTERS) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), LATEST_MS);
  }

  /** Rejects when something was not written. */
  async close(): Promise<void> {
    this.#write();
    this.#stream.end();
    await finished(this.#stream);
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#text === '') return;
    // Once for both who get it.
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    this.#events.onBytes(bytes);
    this.#stream.write(bytes);
  }
}
