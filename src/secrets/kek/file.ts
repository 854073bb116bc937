import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Kek, kekFromKey } from './kek.ts'
import { BadKeyText, newKeyText, parseKeyText } from './key-text.ts'

/** A key file cannot be used. The message names the file, the reason and the next step. */
export class BadKeyFile extends Error {}

/** Bytes of a key file: some hundred keys, and not what someone named by mistake. */
const maximumSize = 16 * 1024

/** `groupReadable` permits mode 0440, as mounted secrets have it. */
export type KeyFileOptions = { readonly groupReadable?: boolean }

/**
 * Returns the keys of a file, the first being the one that wraps new terms. The file must be a regular one (no link),
 * owned by this account or root, with no rights for anyone else. Throws BadKeyFile.
 */
export function readKeyFile(path: string, options: KeyFileOptions = {}): readonly Kek[] {
  try {
    return parseKeyText(readPrivateFile(path, options)).map(kekFromKey)
  } catch (error) {
    if (error instanceof BadKeyText) throw new BadKeyFile(`${path}: ${error.message}`)
    throw error
  }
}

/** Returns the text of a file that holds keys of whatever kind, under the same conditions. Throws BadKeyFile. */
export function readPrivateFile(path: string, options: KeyFileOptions = {}): string {
  const descriptor = openKey(path)
  try {
    refuseExposed(path, fstatSync(descriptor), options)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** Makes a key file with a new key, mode 0600. Throws BadKeyFile where a file is there already: it is never replaced. */
export function generateKeyFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW, 0o600)
  } catch (error) {
    throw new BadKeyFile(
      `${path} cannot be made (${codeOf(error)}). A key is never replaced: move the old one away first.`,
    )
  }
  try {
    writeSync(descriptor, newKeyText())
    fsyncSync(descriptor)
  } catch (error) {
    unlinkSync(path)
    throw new BadKeyFile(`${path} cannot be written (${codeOf(error)}). Make room for it, then start again.`)
  } finally {
    closeSync(descriptor)
  }
  syncFolder(dirname(path))
}

/** Returns the keys of a text that was handed over by the service manager or the environment. Throws BadKeyText. */
export function keksFromText(text: string): readonly Kek[] {
  return parseKeyText(text).map(kekFromKey)
}

/** Makes the name of the new file survive a power cut: what is sealed next opens with nothing else. */
function syncFolder(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(descriptor)
  } catch {
    // Some file systems cannot do this for folders; the key itself is on the disk.
  } finally {
    closeSync(descriptor)
  }
}

function openKey(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') throw new BadKeyFile(`There is no key file ${path}. Restore it from your backup.`)
    if (code === 'ELOOP') throw new BadKeyFile(`${path} is a link. Name the key file itself.`)
    throw new BadKeyFile(`${path} cannot be read (${code}). Give this account the right to read it.`)
  }
}

function refuseExposed(path: string, stats: Stats, options: KeyFileOptions): void {
  if (!stats.isFile()) throw new BadKeyFile(`${path} is not a regular file. Name the key file itself.`)
  if (stats.size > maximumSize) throw new BadKeyFile(`${path} is too long for a key file. Name the key file itself.`)
  const self = process.getuid?.()
  if (self !== undefined && stats.uid !== self && stats.uid !== 0) {
    throw new BadKeyFile(`${path} belongs to another account. Make this account its owner.`)
  }
  const permitted = options.groupReadable ? 0o740 : 0o700
  if ((stats.mode & 0o777 & ~permitted) !== 0) {
    throw new BadKeyFile(
      `Other accounts have rights on ${path}. Run: chmod ${options.groupReadable ? '0440' : '0600'} "${path}"`,
    )
  }
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? 'unknown error')
}
