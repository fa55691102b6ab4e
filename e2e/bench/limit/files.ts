/** What the file costs that a write leaves before it is answered, by itself and on the disk that the services are on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLearningsFolder, writeLearningFile } from '../../../fixtures/oracle-v2/src/learning-file.ts';
import { sentBy } from './writes.ts';

const FILES = 400;
/** Of them, to warm up. */
const WARM = 100;

/** In ms; 0 for a service whose writes leave no file. NanoClaw's files are written after the answer. */
export function filesMs(service: string, seed: number): number {
  if (service !== 'oracle-v2') return 0;
  const patterns = sentBy(service, seed).map(({ body }) => (body as { pattern: string }).pattern);
  const folder = mkdtempSync(join(tmpdir(), 'walproof-files-'));
  try {
    createLearningsFolder(folder);
    let startedAt = 0;
    for (let n = 0; n < FILES; n++) {
      if (n === WARM) startedAt = performance.now();
      const pattern = patterns[n % patterns.length] ?? '';
      writeLearningFile(folder, pattern, '2026-01-01', pattern);
    }
    return (performance.now() - startedAt) / (FILES - WARM);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
