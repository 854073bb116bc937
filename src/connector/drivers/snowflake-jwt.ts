import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { Refusal } from '../diagnosis.ts'
import type { OpenedCredential } from '../driver.ts'

/** Returns a token that proves the key for two minutes, signed anew at each call: Snowflake looks at it as a request comes in. */
export type TokenMaker = () => string

/** Returns what makes the tokens of a key pair account. Throws a `Refusal` where the key cannot be opened. */
export function tokenMaker(account: string, { type, fields }: OpenedCredential): TokenMaker {
  const text = (id: string) => fields[id]?.expose().toString('utf8')
  const user = text('user') ?? ''
  if (type !== 'snowflake_key_pair_user_account' || user === '') throw unusable()
  const key = openKey(text('privateKeyStr') ?? '', text('passphrase'))
  const subject = `${accountName(account)}.${user.toUpperCase()}`
  const issuer = `${subject}.SHA256:${fingerprint(key)}`
  return () => {
    const now = Math.floor(Date.now() / 1_000)
    const body = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iss: issuer, sub: subject, iat: now, exp: now + 120 })}`
    return `${body}.${sign('sha256', Buffer.from(body), key).toString('base64url')}`
  }
}

function openKey(key: string, passphrase: string | undefined): KeyObject {
  try {
    const opened = createPrivateKey({ key, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
    if (opened.asymmetricKeyType === 'rsa') return opened
  } catch {
    // What OpenSSL says about a key is not for others.
  }
  throw unusable()
}

function unusable(): Refusal {
  return new Refusal('authentication', 'auth.refused', {
    sentence: 'This account has no username, or no private key that can be opened. Nothing was sent.',
    nextStep: 'Edit the credentials: enter the username, the key in PKCS#8 and its passphrase.',
  })
}

/** A token names the account without its region, in capitals. */
function accountName(account: string): string {
  return (account.split('.')[0] ?? '').toUpperCase()
}

/** As `DESC USER` shows it, in RSA_PUBLIC_KEY_FP. */
function fingerprint(key: KeyObject): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(publicKey).digest('base64')
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
