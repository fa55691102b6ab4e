import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OwnerRecord } from '../../../engine/process/owner-record.ts';

/** Changes the owner record of a folder, as another run of another time would have written it. */
export function rewriteRecord(folder: string, change: (record: OwnerRecord) => OwnerRecord): void {
  const file = join(folder, 'owner.json');
  const record: OwnerRecord = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify(change(record)));
}
