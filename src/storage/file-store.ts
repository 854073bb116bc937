import type { FileHandle } from 'node:fs/promises'
import { OperatorError } from '../operator-error.ts'

/** Something in a store that is, or belongs to, a snapshot's file. */
export type StoredFile = {
  /** Of the snapshot, as `snapshotFile` makes it. */
  readonly file: string
  readonly changedAt: Date
}

/** A kind of place where files of snapshots are kept. `file` is always a name that `snapshotFile` makes. */
export type FileStore = {
  /** Where a file is written on this machine before it is kept. */
  workPath(file: string): string
  /** Makes the folder of `workPath`, for Keyward's account only. */
  prepare(file: string): Promise<void>
  /** Keeps what was written at `workPath`: when it resolves, with the size in bytes, the file is in its place for good. */
  keep(file: string, signal?: AbortSignal): Promise<number>
  /** Opens a kept file. Throws `FileGone` where there is none, `StoreUnreachable` where that cannot be known. */
  open(file: string): Promise<FileHandle>
  /** Forgets a copy that turned out damaged; false where what is kept itself is. */
  forgetCopy(file: string): Promise<boolean>
  /** Removes a file with all that belongs to it, wherever it is. Nothing there is fine. */
  remove(file: string): Promise<void>
  /** Everything there is, kept or left behind, under the folders of these organizations. */
  list(organizationIds: readonly string[]): AsyncIterable<StoredFile>
  /** Writes, reads and removes a small file. Throws `StoreUnreachable` with the sentence that says what does not work. */
  check(): Promise<void>
  /** Ends what it holds open. */
  close(): void
}

/** A file is not where it was kept. */
export class FileGone extends Error {}

/** The store does not answer, or not to us. The message says why and what to do, for who runs Keyward. */
export class StoreUnreachable extends OperatorError {}
