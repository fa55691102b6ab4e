/**
 * What a disk may hold when the power goes, by the calls that were really made.
 *
 * A write is on the disk when a sync of its file began after the write had ended, and has itself ended before the cut. Of all
 * other writes each 512-byte sector is there or not. A folder's entry (a file made or removed) is on the disk likewise, by a sync
 * of the folder. `ordered`: entries get there in their order, and a sync of any file takes the earlier ones with it, as
 * on ext4, xfs and btrfs. `strict`: each by itself, and only the folder's own sync counts, which is all that POSIX says.
 */
import type { DiskEvent, Suffix } from './trace.ts';

const SECTOR_BYTES = 512;

export type Entries = 'ordered' | 'strict';
type Change = Extract<DiskEvent, { kind: 'write' | 'truncate' }>;

interface Inode {
  file: Suffix;
  changes: Change[];
  syncs: DiskEvent[];
}

interface Entry {
  startUs: number;
  endUs: number;
  inode: Inode;
  kind: 'made' | 'removed';
}

/** Which of the pending changes got there: whole changes and entries by their place among all pending ones, or sectors. */
export interface Choice {
  keepsEntry(place: number, of: number): boolean;
  /** Of a change that is kept in part, each sector is asked for. */
  keepsSector(place: number, of: number, file: Suffix, sector: number): boolean;
}

export class Disk {
  readonly #inodes: Inode[] = [];
  readonly #entries: Entry[] = [];
  readonly #folderSyncs: DiskEvent[] = [];

  constructor(events: readonly DiskEvent[]) {
    const names = new Map<Suffix, Inode>();
    for (const event of events) {
      if (event.kind === 'sync-folder') this.#folderSyncs.push(event);
      else if (event.kind === 'open') {
        if (!event.creates || names.has(event.file)) continue;
        const inode: Inode = { file: event.file, changes: [], syncs: [] };
        names.set(event.file, inode);
        this.#inodes.push(inode);
        this.#entries.push({ startUs: event.startUs, endUs: event.endUs, inode, kind: 'made' });
      } else {
        const inode = names.get(event.file);
        if (inode === undefined) continue;
        if (event.kind === 'sync') inode.syncs.push(event);
        else if (event.kind === 'unlink') {
          names.delete(event.file);
          this.#entries.push({ startUs: event.startUs, endUs: event.endUs, inode, kind: 'removed' });
        } else inode.changes.push(event);
      }
    }
  }

  /** Changes and entries that were made before the cut and may be missing after it. */
  pendingAt(cutUs: number, entries: Entries): number {
    return this.#pendingChanges(cutUs).length + this.#pendingEntries(cutUs, entries).length;
  }

  /** The files after a cut at that moment. */
  filesAfter(cutUs: number, entries: Entries, choice: Choice): Map<Suffix, Uint8Array> {
    const pending = [...this.#pendingChanges(cutUs), ...this.#pendingEntries(cutUs, entries)];
    pending.sort((a, b) => a.startUs - b.startUs);
    const places = new Map<unknown, number>(pending.map((each, place) => [each, place]));
    const present = new Map<Suffix, Inode>();
    for (const entry of this.#entries.filter(({ startUs }) => startUs < cutUs)) {
      const place = places.get(entry);
      if (place !== undefined && !choice.keepsEntry(place, pending.length)) {
        // What comes later cannot be there without it.
        if (entries === 'ordered') break;
        continue;
      }
      if (entry.kind === 'made') present.set(entry.inode.file, entry.inode);
      else if (present.get(entry.inode.file) === entry.inode) present.delete(entry.inode.file);
    }
    const content = ({ file, changes }: Inode) => {
      const image = new FileImage();
      for (const change of changes) {
        if (change.startUs >= cutUs) break;
        const place = places.get(change);
        const keeps = (sector: number) =>
          place === undefined || choice.keepsSector(place, pending.length, file, sector);
        image.apply(change, keeps);
      }
      return image.bytes();
    };
    return new Map([...present].map(([file, inode]) => [file, content(inode)]));
  }

  #pendingChanges(cutUs: number): Change[] {
    return this.#inodes.flatMap(({ changes, syncs }) => {
      const done = syncs.filter(({ endUs }) => endUs <= cutUs).map(({ startUs }) => startUs);
      const syncedUs = Math.max(...done, Number.NEGATIVE_INFINITY);
      return changes.filter(({ startUs, endUs }) => startUs < cutUs && endUs > syncedUs);
    });
  }

  #pendingEntries(cutUs: number, entries: Entries): Entry[] {
    const syncs =
      entries === 'ordered'
        ? [...this.#folderSyncs, ...this.#inodes.flatMap((inode) => inode.syncs)]
        : this.#folderSyncs;
    const done = syncs.filter(({ endUs }) => endUs <= cutUs).map(({ startUs }) => startUs);
    const syncedUs = Math.max(...done, Number.NEGATIVE_INFINITY);
    return this.#entries.filter(({ startUs, endUs }) => startUs < cutUs && endUs > syncedUs);
  }
}

/** A file that grows as it is written; holes are zeros. */
class FileImage {
  #bytes = new Uint8Array(64 * 1_024);
  #size = 0;

  apply(change: Change, keeps: (sector: number) => boolean): void {
    if (change.kind === 'truncate') {
      if (!keeps(0)) return;
      if (change.bytes < this.#size) this.#bytes.fill(0, change.bytes, this.#size);
      this.#reserve(change.bytes);
      this.#size = change.bytes;
      return;
    }
    const { at, bytes } = change;
    const end = at + bytes.length;
    for (let from = at; from < end; ) {
      const sector = Math.floor(from / SECTOR_BYTES);
      const until = Math.min(end, (sector + 1) * SECTOR_BYTES);
      if (keeps(sector)) {
        this.#reserve(until);
        this.#bytes.set(bytes.subarray(from - at, until - at), from);
        this.#size = Math.max(this.#size, until);
      }
      from = until;
    }
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
