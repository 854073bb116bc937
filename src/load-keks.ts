import { existsSync } from 'node:fs'
import type { KekSource } from './config.ts'
import type { Database } from './db/client.ts'
import { keyring } from './db/schema/keyring.ts'
import { generateKeyFile, keksFromText, readKeyFile } from './secrets/kek/file.ts'
import type { Kek } from './secrets/kek/kek.ts'

/**
 * Returns the key-encryption keys of `source`. A file that may be generated is made when it is missing and the database
 * has no keys yet, never otherwise: a new key opens nothing that exists. Throws sentences that name the file.
 */
export async function loadKeks(
  source: KekSource,
  db: Database,
): Promise<{ keks: readonly Kek[]; newFile: string | null }> {
  if (source.kind === 'env') return { keks: keksFromText(source.text), newFile: null }
  // systemd hands credentials over with mode 0440.
  if (source.kind === 'systemd') return { keks: readKeyFile(source.path, { groupReadable: true }), newFile: null }
  const missing = source.generate && !existsSync(source.path)
  const newFile = missing && !(await hasKeys(db)) ? source.path : null
  if (newFile !== null) generateKeyFile(newFile)
  return { keks: readKeyFile(source.path), newFile }
}

/** Reports whether the database has term keys, so that only the right key-encryption key will do. */
export async function hasKeys(db: Database): Promise<boolean> {
  const [term] = await db.select({ term: keyring.term }).from(keyring).limit(1)
  return term !== undefined
}
