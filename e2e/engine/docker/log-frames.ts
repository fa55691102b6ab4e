import { StringDecoder } from 'node:string_decoder';

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes a container's multiplexed output apart. Each frame is one byte for the stream (1 stdout, 2 stderr), three zeros,
 * the length as a big-endian 32-bit number, and the bytes
 * (https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach).
 *
 * Not docker-modem's demuxStream: it calls itself for each frame of a chunk and copies the rest each time, so a chunk of
 * many short lines overflows the stack.
 */
export class LogFrames {
  readonly #onBytes: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onBytes: (stream: 'stdout' | 'stderr', bytes: Buffer) => void) {
    this.#onBytes = onBytes;
  }

  write(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 4);
      if (end > bytes.length) break;
      this.#onBytes(bytes[at] === STDERR ? 'stderr' : 'stdout', bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}

/** Cuts bytes into lines. Not node:readline, which also cuts at U+2028 and U+2029, and so inside a JSON string. */
export class LineCutter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line.replace(/\r$/, ''));
  }

  /** A last line that no line feed ended counts as one. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') this.#onLine(rest);
  }
}
