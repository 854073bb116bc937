import type { CredentialType } from '../credential-type.ts'

/** A username with its password. */
export const basic: CredentialType = {
  id: 'basic',
  label: 'Username and password',
  summary: 'For databases and everything else that asks for both',
  usernameField: 'username',
  fields: [
    { id: 'username', label: 'Username', kind: 'text', secret: false, required: true, maximumLength: 256 },
    { id: 'password', label: 'Password', kind: 'text', secret: true, required: true, maximumLength: 32_768 },
  ],
}
