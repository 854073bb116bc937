import { rmSync } from 'node:fs'

/** Returns the names beside `file` that an import uses until it is complete. */
export function temporaryFiles(file: string): readonly [partial: string, csv: string, source: string, pipe: string] {
  return [`${file}.partial`, `${file}.csv`, `${file}.source`, `${file}.pipe`]
}

/** Returns every name that an import of `file` writes to. */
export function everyFile(file: string): readonly string[] {
  return [file, ...temporaryFiles(file)]
}

/** Removes whatever an import that came to nothing has left. */
export function removeUnfinished(file: string): void {
  for (const path of everyFile(file)) rmSync(path, { force: true })
}
