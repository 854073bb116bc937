import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/** PostgreSQL's own number. What is made here are 24 random bytes, which no number of rounds makes harder to guess. */
const iterations = 4096

/**
 * Returns what PostgreSQL stores of a password (RFC 5803), to be given in its place: then the password itself stands in no
 * statement, and so in no server log, process list or statistic. Holds no quote. For ASCII passwords, as ours are.
 */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`
}
