export type EngineName = 'docker' | 'process';

/** What one file of the data folder looks like from outside; stat only, never opened. */
export interface FileFacts {
  /** Relative to the data folder. */
  path: string;
  bytes: number;
  inode: number;
  /** Number of the device that the file is on, as stat(2) has it. */
  device: number;
}

/** How a container sees the data folder. */
export type DataMount =
  /** All of it. The default, and what the process engine has. */
  | 'folder'
  | 'read-only-folder'
  /** The database file alone: its sidecars, and all other files, are private to the container. */
  | 'database-file-only'
  /** All of it but the index of the -wal (`-shm`), which is private: what two kernels do not share. */
  | 'private-index';

/** Where a process stands. Anything but the defaults needs the docker engine, and is refused by name elsewhere. */
export interface Placement {
  mount?: DataMount;
  /** Default the user that services run as. */
  user?: 'app' | 'root';
}
