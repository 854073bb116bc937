import { generateKeyPairSync } from 'node:crypto'

/** A key pair as Snowflake knows it: the private half as PKCS#8, encrypted where a passphrase is given. */
export type KeyPair = { readonly privateKey: string; readonly publicKey: string }

/** Makes an RSA key pair of so many bits. */
export function makeKeyPair(passphrase?: string, bits = 2_048): KeyPair {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }
  return generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', ...encryption },
  })
}

/** Returns the key of a service account, as Google writes its file. */
export function serviceAccountKey(more: Readonly<Record<string, string>> = {}): string {
  const key = {
    type: 'service_account',
    project_id: 'sales-427',
    private_key_id: '0f1e2d3c',
    private_key: '-----BEGIN PRIVATE KEY-----\nbm9ib2R5IGhhcyB0aGlzIGtleQ==\n-----END PRIVATE KEY-----\n',
    client_email: 'reader@sales-427.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
  }
  return `${JSON.stringify({ ...key, ...more }, null, 2)}\n`
}
