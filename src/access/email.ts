/** An e-mail address as typed, for showing, with the key by which accounts are found. */
export type ParsedEmail = { readonly email: string; readonly key: string }

/** Returns the address, or undefined where it cannot be one. Only what certainly is none is refused: mail decides. */
export function parseEmail(text: string): ParsedEmail | undefined {
  const email = text.trim()
  if (email.length > 254 || !/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(email)) return undefined
  return { email, key: emailKey(email) }
}

/** Returns what accounts are compared by: spellings that differ in case or Unicode form only are one account. */
export function emailKey(text: string): string {
  return text.trim().normalize('NFKC').toLowerCase().normalize('NFKC')
}
