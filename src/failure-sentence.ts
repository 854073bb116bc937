import { knownErrors } from './known-errors.ts'

/**
 * Returns what the operator is told of an error that ended a start or a command: its own words if they are ours, a
 * sentence for what systems commonly say, and otherwise its name and code. Messages of libraries are not repeated, for
 * they may hold addresses with passwords and values of rows.
 */
export function failureSentence(error: unknown): string {
  if (isKnown(error)) return error.message
  if (causesOf(error).some(({ message }) => withoutCode.test(message))) return unreachable()
  const sentence = causesOf(error)
    .map((one) => sentences[codeOf(one)]?.(one))
    .find((one) => one !== undefined)
  if (sentence !== undefined) return sentence
  const own = causesOf(error).find(isKnown)
  if (own !== undefined) return own.message
  const named = causesOf(error).map((one) => [one.name, codeOf(one)].filter(Boolean).join(' '))
  return `Something failed that was not expected (${named.join(', caused by ') || typeof error}). Look into the log for the place, and report it.`
}

/** What node-postgres says of lost connections, without a code. */
const withoutCode = /^(Connection terminated|timeout exceeded when trying to connect)/

function isKnown(error: unknown): error is Error {
  return knownErrors.some((kind) => error instanceof kind)
}

type SystemError = Error & { readonly code?: unknown; readonly path?: unknown; readonly port?: unknown }

const unreachable = () =>
  'The database cannot be reached. Check that the server is running and that DATABASE_URL names its host and port.'
const refusedAccount = () =>
  'The database refused the user or password. Check both in DATABASE_URL (and in MIGRATION_DATABASE_URL if it is set).'
const noPermission = ({ path }: SystemError) =>
  `This account may not write ${typeof path === 'string' ? path : 'a file it needs'}. Give it permission, or set DATA_DIR to a folder of its own.`

/** By the code of Node, of the operating system, or of SQLSTATE. */
const sentences: Readonly<Record<string, (error: SystemError) => string>> = {
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ECONNRESET: unreachable,
  '28P01': refusedAccount,
  '28000': refusedAccount,
  '3D000': () => 'The database named in DATABASE_URL does not exist. Create it, or correct the name.',
  '42501': () =>
    'The database role may not do what is needed. Give it the right to create tables, or set MIGRATION_DATABASE_URL to a role that may.',
  '53300': () => 'The database has no connection left. Raise its max_connections, or stop other clients.',
  '57P03': () => 'The database is starting up or shutting down. Try again in a moment.',
  EACCES: noPermission,
  EPERM: noPermission,
  EROFS: noPermission,
  ENOSPC: () => 'The disk is full. Make room and start again.',
}

function causesOf(error: unknown): SystemError[] {
  const causes: SystemError[] = []
  for (let one = error; one instanceof Error && causes.length < 5; one = one.cause) causes.push(one)
  return causes
}

function codeOf(error: SystemError): string {
  return typeof error.code === 'string' && /^\w{1,40}$/.test(error.code) ? error.code : ''
}
