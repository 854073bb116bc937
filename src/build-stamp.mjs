import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What the build reads: folders with all that is in them, and files; of packages, what npm writes down that it installed. */
const read = ['src', 'views', 'package.json', 'tsconfig.json', 'node_modules/.package-lock.json']

/**
 * Returns a text that differs where the build in `root` would: by names and contents of sources, by installed packages, by
 * Node.js. Times do not count: the files of a newer release may be older.
 */
export function buildStamp(root) {
  const hash = createHash('sha256').update(process.version)
  for (const path of read.flatMap((name) => filesAt(root, name)).sort()) {
    const content = readFileSync(join(root, path))
    hash.update(`\0${path}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

/** The file itself, or what is under the folder, by their paths from `root`; nothing where there is no such thing. */
function filesAt(root, path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false })
  if (found === undefined) return []
  if (!found.isDirectory()) return [path]
  return readdirSync(join(root, path)).flatMap((name) => filesAt(root, join(path, name)))
}
