import { Refusal } from '../access/refusals.ts'
import type { OpenedFile } from '../storage/plain-copies.ts'

/** A version whose file is kept, as its row names it. */
export type StoredVersion = {
  readonly organizationId: string
  readonly datasetId: string
  readonly versionId: string
  /** As `snapshotFile` makes it. */
  readonly file: string
}

/** A version's rows as a plain Parquet file that any reader opens by its path. Close it. */
export type OpenedVersion = OpenedFile

const sentences = {
  gone: 'The stored file of this snapshot was removed outside Keyward. Create a new snapshot.',
  changed:
    'The stored file of this snapshot was changed or damaged outside Keyward, so nothing of it is shown. Create a new snapshot.',
  key: 'The key of this snapshot cannot be opened, so nothing of it is shown. Ask an administrator to run "keyward key verify".',
  unreachable:
    'The place where snapshots are kept cannot be reached. Try again in a moment; if this stays, tell your administrator.',
} as const

/** A version cannot be read. The message says why and what to do. */
export class SnapshotUnreadable extends Refusal {
  readonly reason: keyof typeof sentences
  constructor(reason: keyof typeof sentences) {
    super(sentences[reason])
    this.reason = reason
  }
}
