import { rmSync } from 'node:fs'

/** Returns the names beside `file` that an import uses until it is complete. */
export function temporaryFiles(file: string): readonly [partial: string, csv: string, source: string, pipe: string] {
  return [`${file}.partial`, `${file}.csv`, `${file}.source`, `${file}.pipe`]
}

/** Removes whatever an import that came to nothing has left. */
export function removeUnfinished(file: string): void {
  for (const path of [file, ...temporaryFiles(file)]) rmSync(path, { force: true })
}
