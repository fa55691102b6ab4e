import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files of the host that are mounted into containers one by one. Made when first asked for. */
export class SingleFiles implements AsyncDisposable {
  #folder: string | null = null;

  /** A file that is empty at first, and that containers of any user may write to. The same name is the same file. */
  file(name: string): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'walproof-mounts-'));
    chmodSync(this.#folder, 0o755);
    const path = join(this.#folder, name);
    writeFileSync(path, '', { flag: 'a' });
    chmodSync(path, 0o666);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }
}
