import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../package-root.ts'
import type { Driver } from './driver.ts'

/** A client library that a driver cannot do without and that is not installed here. */
export type MissingLibrary = {
  readonly name: string
  /** What installs it, in Keyward's folder. */
  readonly command: string
}

const decided = new Map<string, MissingLibrary | null>()

/** Returns the library that a driver lacks here, or null. It is looked for once: what is installed later needs a restart. */
export function missingLibrary({ library }: Pick<Driver, 'library'>): MissingLibrary | null {
  if (library === null) return null
  const known = decided.get(library)
  if (known !== undefined) return known
  const missing = isInstalled(library)
    ? null
    : { name: library, command: `npm install ${library}${versionOf(library)}` }
  decided.set(library, missing)
  return missing
}

/** Where a package is there and has no entry for `require`, resolving it fails in another way. */
function isInstalled(library: string): boolean {
  try {
    createRequire(join(packageRoot(), 'package.json')).resolve(library)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND'
  }
}

/** The version that this version of Keyward was tested with. */
function versionOf(library: string): string {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(packageRoot(), 'package.json'), 'utf8'),
  ) as Partial<Record<'dependencies' | 'optionalDependencies', Record<string, string>>>
  const version = dependencies[library] ?? optionalDependencies[library]
  return version === undefined ? '' : `@${version}`
}
