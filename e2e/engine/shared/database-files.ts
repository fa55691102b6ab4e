/**
 * The files that make up a database, beside the main file itself: write-ahead log, its shared index, and rollback
 * journal (https://sqlite.org/tempfiles.html).
 */
export const DATABASE_SUFFIXES = ['', '-wal', '-shm', '-journal'] as const;

/** What a database that nobody has open is made of; the next opener makes the shared index anew. */
export const SEED_SUFFIXES = ['', '-wal', '-journal'] as const;

/** Two copies of the index header and the checkpoint information (https://sqlite.org/walformat.html#the_wal_index_file_format). */
export const WAL_INDEX_HEAD_BYTES = 136;
