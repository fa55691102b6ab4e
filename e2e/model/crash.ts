/** What is seen of crash images: states that a power cut could have left, each recovered by SQLite. */
import type { Seen } from './seen.ts';

/**
 * What a power cut left of the frames that were not synced. `boundary` whole frames up to one · `torn` a part of the next one
 * as well · `garbled` sectors from one frame on that never reached the disk, among others that did · `reordered` one frame
 * missing with all later ones there.
 */
export type ImageKind = 'boundary' | 'torn' | 'garbled' | 'reordered';

export const IMAGE_KINDS: readonly ImageKind[] = ['boundary', 'torn', 'garbled', 'reordered'];

/** Why an image fails. */
export type ImageCode = 'not-a-prefix' | 'corrupt' | 'fts-inconsistent';

/** How a recovered image is looked at besides its pages; part of a service's definition. */
export interface CrashLooks {
  /** Full-text tables whose own integrity-check is asked. */
  tables: readonly string[];
  /** SQL whose rows are halves of something that is committed together; none after any commit. */
  halves: string | null;
  keys: readonly KeyQuery[];
}

/** SQL whose only column is the keys of the ops of a name that the database holds, in the order of the rowids: that of the commits. */
export interface KeyQuery {
  of: string;
  sql: string;
}

export interface FailedImage {
  code: ImageCode;
  kind: ImageKind;
  /** The first frame that is missing or damaged, from 1. */
  frame: number;
  /** The newest commit before it, as the number of frames up to it; 0 is the database file alone. */
  commit: number;
  /** What was expected and what the image showed. */
  said: string;
}

/** A copy of the files taken while traffic ran, with every process frozen from `atMs` to `endedAtMs`. */
export interface CrashCopySeen extends Seen {
  kind: 'crash-copy';
  endedAtMs: number;
}

/** All crash images of one such copy. */
export interface CrashImagesSeen extends Seen {
  kind: 'crash-images';
  /** When the copy was begun: what was acknowledged before is in it. */
  copiedAtMs: number;
  /** The weakest `synchronous` of any connection, which decides what was synced. */
  synchronous: number;
  frames: number;
  /** Frames that were synced before a checkpoint was attempted; no image damages them. */
  synced: number;
  commits: number;
  images: Record<ImageKind, number>;
  /** Of the images, those recovered from the very bytes of the copy. The others have older commits in the database already. */
  asCopied: number;
  /** Commits whose state was looked at: integrity_check, foreign_key_check, full text, keys. */
  states: number;
  failures: number;
  /** For each code the image with the fewest frames, and how many there are. */
  failed: (FailedImage & { images: number; keptIn: string | null })[];
  /** By name of op: keys that were in the database before the frames, and those that each commit brought. */
  keys: { of: string; before: string[]; later: { commit: number; keys: string[] }[]; vanished: string[] }[];
  elapsedMs: number;
}
