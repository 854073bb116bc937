import { isUtf8 } from 'node:buffer'
import { NotFound } from '../access/refusals.ts'
import { credentialTypes } from '../credentials/types/registry.ts'
import { Secret } from '../secrets/secret.ts'
import type { AppContext } from './app-context.ts'
import { isId } from './id.ts'
import { RequestRefused } from './request-refused.ts'

/**
 * What a form posted. Where a name was sent more than once, the last counts, except in `all`. Files are apart. A NUL in
 * what is no secret is refused as unreadable (400): nobody types one, and the database takes none.
 */
export type FormFields = {
  /** As typed, `''` when absent. Line breaks are those of the browser (CR LF in a multi-line field). */
  text(name: string): string
  /** The id typed or chosen, null when absent or blank. Throws NotFound for what is no id, as for an id of nothing. */
  id(name: string): string | null
  /** The exact bytes typed, or undefined when absent or blank: a blank secret keeps what is stored. */
  secret(name: string): Secret | undefined
  /** Whether a checkbox was checked. */
  checked(name: string): boolean
  /** Every value of a name, in order. */
  all(name: string): readonly string[]
  /** Whether the name was sent at all. */
  has(name: string): boolean
  /** The file chosen, or undefined where none was. */
  file(name: string): FormFile | undefined
}

/** A file that came with a form: its exact text, or the sentence that says why it is not taken. */
export type FormFile = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string }

const maximumFields = 2_000
/** In bytes: as much as all fields of a credential may take together. */
const largestFile = 65_536

/** Reads an urlencoded or multipart form. Throws 415 for anything else, 400 for what cannot be parsed. */
export async function readForm(c: AppContext): Promise<FormFields> {
  const { values, files } = await readParts(c)
  c.set('typed', plainOf(values))
  const last = (name: string) => values.get(name)?.at(-1) ?? ''
  return {
    text: (name) => withoutNul(last(name)),
    id: (name) => idOf(last(name)),
    secret: (name) => (last(name) === '' ? undefined : new Secret(last(name))),
    checked: (name) => last(name) !== '',
    all: (name) => (values.get(name) ?? []).map(withoutNul),
    has: (name) => values.has(name),
    file: (name) => files.get(name),
  }
}

/** What may be put into a page again: a failure that passes gives the form back, without what could open anything. */
function plainOf(values: ReadonlyMap<string, readonly string[]>): readonly (readonly [string, string])[] {
  const plain = [...values].filter(([name]) => !secretNames.has(name) && !/password/i.test(name))
  return plain.flatMap(([name, all]) => all.map((value) => [name, value] as const))
}

/** A pasted address may hold a password too. */
const secretNames = new Set([
  'address',
  ...credentialTypes.flatMap(({ fields }) => fields.filter(({ secret }) => secret).map(({ id }) => id)),
])

function withoutNul(text: string): string {
  if (text.includes('\0')) throw unreadable()
  return text
}

function idOf(text: string): string | null {
  if (text === '') return null
  if (!isId(text)) throw new NotFound()
  return text
}

async function readParts(c: AppContext) {
  const values = new Map<string, string[]>()
  const files = new Map<string, FormFile>()
  let count = 0
  for (const [name, value] of await readPairs(c)) {
    count += 1
    if (count > maximumFields) throw unreadable()
    if (value instanceof File) {
      // A browser sends one without a name where no file was chosen.
      if (value.name !== '' || value.size > 0) files.set(name, await readFile(value))
    } else if (typeof value === 'string') {
      const list = values.get(name)
      if (list === undefined) values.set(name, [value])
      else list.push(value)
    }
  }
  return { values, files }
}

async function readFile(file: File): Promise<FormFile> {
  if (file.size > largestFile) return { ok: false, error: 'This file is larger than 64 KiB. Choose the key itself.' }
  if (file.size === 0) return { ok: false, error: 'This file is empty. Choose another one.' }
  const bytes = Buffer.from(await file.arrayBuffer())
  if (isUtf8(bytes)) return { ok: true, text: bytes.toString('utf8') }
  return { ok: false, error: 'This file is not text. Choose a PEM or JSON file.' }
}

async function readPairs(c: AppContext): Promise<Iterable<[string, unknown]>> {
  const type = (c.req.header('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return new URLSearchParams(await c.req.raw.text())
  if (type === 'multipart/form-data') return (await formData(c)).entries()
  throw new RequestRefused(
    415,
    'This is not a form',
    'Keyward takes forms here, and this was something else. Open the page and send its form.',
  )
}

async function formData(c: AppContext): Promise<FormData> {
  try {
    return await c.req.raw.formData()
  } catch {
    throw unreadable()
  }
}

function unreadable(): RequestRefused {
  return new RequestRefused(400, 'This form could not be read', 'Open the page again and send the form from there.')
}
