/** Returns the fields as one line of CSV (RFC 4180) with its CRLF; null is an empty field. */
export function csvLine(fields: readonly (string | number | null)[]): string {
  return `${fields.map((field) => (field === null ? '' : csvField(String(field)))).join(',')}\r\n`
}

/** Returns the text as one field of CSV, quoted where it needs to be: an empty text too, which is not null. */
export function csvField(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/**
 * Returns a text that people chose as a spreadsheet can open it: one that it would take for a formula gets an apostrophe
 * in front, which spreadsheets read as "this is text".
 */
export function spreadsheetText(text: string): string {
  return /^\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/u.test(text) ? `'${text}` : text
}
