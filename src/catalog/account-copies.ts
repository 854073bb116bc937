import type { Account } from '../sign-ins/use-connection.ts'

/** Returns an account that lives on when this one is wiped. A stored account holds no secret and is returned as it is. */
export function copyAccount(account: Account): Account {
  if (account.kind === 'stored') return account
  const fields = Object.entries(account.fields).map(([id, secret]) => [id, secret.copy()] as const)
  return { ...account, fields: Object.fromEntries(fields) }
}

/** Zeroes what was typed. */
export function wipeAccount(account: Account): void {
  if (account.kind === 'typed') for (const secret of Object.values(account.fields)) secret.wipe()
}
