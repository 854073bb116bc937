import type { CredentialType } from '../credential-type.ts'
import { checkPrivateKey, restorePem } from './private-key.ts'

/** A Snowflake user that signs in with a private key, whose public half Snowflake knows. */
export const snowflakeKeyPair: CredentialType = {
  id: 'snowflake_key_pair_user_account',
  label: 'Snowflake key pair',
  summary: 'A user with a private key, whose public half is set in Snowflake',
  usernameField: 'user',
  fields: [
    { id: 'user', label: 'Username', kind: 'text', secret: false, required: true, maximumLength: 256 },
    {
      id: 'privateKeyStr',
      label: 'Private key',
      hint: 'PEM in PKCS#8, RSA of at least 2048 bits. Line breaks that were lost in copying are put back.',
      kind: 'multiline',
      secret: true,
      required: true,
      maximumLength: 16_384,
    },
    {
      id: 'passphrase',
      label: 'Passphrase',
      hint: 'Only for an encrypted key. Snowflake’s FIPS 140-2 clients want at least 14 characters.',
      kind: 'text',
      secret: true,
      required: false,
      maximumLength: 1_024,
    },
  ],
  tidy: { privateKeyStr: restorePem },
  check: (text) => checkPrivateKey(text('privateKeyStr') ?? '', text('passphrase')),
}
