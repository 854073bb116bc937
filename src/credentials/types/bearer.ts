import type { CredentialType } from '../credential-type.ts'
import { endOfToken } from './token-end.ts'

/** A token that is sent as `Authorization: Bearer`. */
export const bearer: CredentialType = {
  id: 'bearer',
  label: 'Bearer token',
  summary: 'A token that is sent over HTTPS in the Authorization header',
  usernameField: null,
  fields: [{ id: 'token', label: 'Token', kind: 'text', secret: true, required: true, maximumLength: 16_384 }],
  endsAt: (text) => endOfToken(text('token') ?? ''),
  check(text) {
    // What is not of these characters would end the header, or is no token by RFC 6750, §2.1.
    if (/^[\x21-\x7e]*$/.test(text('token') ?? '')) return {}
    return { token: 'A token has no spaces, line breaks or letters outside ASCII. Copy it again.' }
  },
}
