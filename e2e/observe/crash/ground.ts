/**
 * A database file on which SQLite recovers one -wal after the other. What a recovery changes is undone page by page, so that
 * nothing is copied that did not change.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';

export class Ground {
  readonly file: string;
  readonly #pageSize: number;
  readonly #handle: number;
  readonly #read: Buffer;

  constructor(file: string, database: Uint8Array, pageSize: number) {
    this.file = file;
    this.#pageSize = pageSize;
    writeFileSync(file, database);
    this.#handle = openSync(file, 'r+');
    this.#read = Buffer.allocUnsafe(pageSize);
  }

  /**
   * Opens the file beside this -wal, as a service does after a power cut, and closes it again, which leaves the recovered pages
   * in the file. `look` is called with the open database.
   */
  recover(wal: Uint8Array, look: ((database: Database.Database) => void) | null): void {
    writeFileSync(`${this.file}-wal`, wal);
    const database = new Database(this.file);
    try {
      // The index in memory instead of a -shm; recovery is the same.
      database.pragma('locking_mode = EXCLUSIVE');
      database.pragma('synchronous = OFF');
      database.pragma('schema_version');
      look?.(database);
    } finally {
      database.close();
      rmSync(`${this.file}-wal`, { force: true });
    }
  }

  get pages(): number {
    return fstatSync(this.#handle).size / this.#pageSize;
  }

  /** Whether a page is this; null for a page that is not there. */
  holds(page: number, expected: Uint8Array | null): boolean {
    const read = readSync(this.#handle, this.#read, 0, this.#pageSize, (page - 1) * this.#pageSize);
    if (expected === null || read < this.#pageSize) return expected === null && read === 0;
    return this.#read.compare(expected) === 0;
  }

  put(page: number, content: Uint8Array | null): void {
    if (content !== null) writeSync(this.#handle, content, 0, this.#pageSize, (page - 1) * this.#pageSize);
  }

  resize(pages: number): void {
    ftruncateSync(this.#handle, pages * this.#pageSize);
  }

  close(): void {
    closeSync(this.#handle);
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${this.file}${suffix}`, { force: true });
  }
}
