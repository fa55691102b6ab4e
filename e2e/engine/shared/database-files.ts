/**
 * The files that make up a database, beside the main file itself: write-ahead log, its shared index, and rollback
 * journal (https://sqlite.org/tempfiles.html).
 */
export const DATABASE_SUFFIXES = ['', '-wal', '-shm', '-journal'] as const;
