import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../operator-error.ts'

/** The passwords of the embedded server's roles. */
export type Passwords = { readonly superuser: string; readonly owner: string; readonly app: string }

/**
 * Returns the passwords kept in `directory` (passwords.json, 0600); `create` makes them where there are none yet. Throws a
 * sentence when they are missing for existing data.
 */
export function readPasswords(directory: string, create: boolean): Passwords {
  const file = join(directory, 'passwords.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Passwords
  if (!create) {
    throw new OperatorError(
      `The file ${file} is missing, and the database next to it cannot be opened without it. Restore it from your backup.`,
    )
  }
  const passwords = { superuser: newPassword(), owner: newPassword(), app: newPassword() }
  writeFileSync(`${file}.new`, JSON.stringify(passwords), { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return passwords
}

function newPassword(): string {
  return randomBytes(24).toString('base64url')
}
