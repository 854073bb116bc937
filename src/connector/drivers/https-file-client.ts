import { Refusal } from '../diagnosis.ts'
import type { DriverClient, Session, Source } from '../driver.ts'
import { type FileFormat, formatOf } from '../file-format.ts'
import { bodyOf } from '../http-exchange.ts'
import { importRemote, previewRemote, type RemoteFile, tableSource } from '../read-file.ts'
import { pathOf } from './https-file.ts'
import { type OpenFile, withFile } from './https-file-session.ts'

/** The part of the driver for files over HTTPS that talks. The schema is the host, its one table the file. */
export const client: DriverClient = {
  signIn: (session) =>
    withFile(session, { range: 'bytes=0-0' }, async ({ response }) => {
      let bytes = 0
      for await (const chunk of bodyOf(response)) {
        bytes += chunk.length
        break
      }
      const isEmpty = bytes === 0 || response.statusCode === 416
      session.report.passed(
        'read',
        isEmpty ? 'The file is empty; it could be opened.' : 'A byte of the file could be read.',
      )
      return { serverVersion: '' }
    }),

  listSchemas: (session) => opening(session, async () => ({ schemas: [session.job.destination.host] })),

  listTables: (session, { schema }) =>
    opening(session, async () => {
      const isOurs = schema === session.job.destination.host
      return { tables: isOurs ? [{ schema, name: tableName(session), type: 'table' as const }] : [] }
    }),

  preview: (session, { source, rows }) => {
    refuseOthers(session, source)
    return withFile(session, {}, (file) => previewRemote(session, remoteFile(session, file), rows))
  },

  import: (session, input) => {
    refuseOthers(session, input.source)
    return withFile(session, {}, (file) => importRemote(session, remoteFile(session, file), input))
  },
}

/** Nothing is said of a file that this account could not open. */
function opening<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return withFile(session, { range: 'bytes=0-0' }, () => {
    session.report.passed('read', 'The file can be opened.')
    return work()
  })
}

/** The path as it is shown and chosen: without the slash before it and what may follow as a query. */
function tableName(session: Session): string {
  return pathOf(session.job.parameters).slice(1).replace(/\?.*$/s, '').slice(0, 1_000) || '/'
}

function refuseOthers(session: Session, source: Source): void {
  const { schema, table } = tableSource(source)
  if (schema === session.job.destination.host && table === tableName(session)) return
  throw new Refusal('read', 'read.denied', {
    sentence: 'The connection is for another file.',
    nextStep: 'Choose the file of the connection, or add a connection for this one.',
  })
}

function remoteFile(session: Session, { response, path }: OpenFile): RemoteFile {
  const length = response.headers['content-length']
  const size = length === undefined ? undefined : Number(length)
  return { format: formatFor(session, path, response.headers['content-type'] ?? ''), size, body: bodyOf(response) }
}

/** What the connection says; else the name of the file, before or after redirects; else the server. */
function formatFor(session: Session, path: string, contentType: string): FileFormat {
  const names = [tableName(session), path.replace(/\?.*$/s, '')]
  const chosen = session.job.parameters.format ?? 'auto'
  if (chosen !== 'auto') return { kind: chosen as FileFormat['kind'], gzip: chosen !== 'parquet' && names.some(isGzip) }
  const named = names.map(formatOf).find((format) => format !== undefined)
  const [, kind] = contentTypes.find(([pattern]) => pattern.test(contentType)) ?? []
  if (/^text\/html/i.test(contentType)) throw unknownFormat('The server sent a web page.')
  if (named !== undefined) return named
  if (kind !== undefined) return { kind, gzip: false }
  throw unknownFormat('Neither the name of the file nor the server says how it is written.')
}

const isGzip = (name: string) => name.endsWith('.gz')

const contentTypes: readonly (readonly [RegExp, FileFormat['kind']])[] = [
  [/^(?:text|application)\/csv/i, 'csv'],
  [/^text\/tab-separated-values/i, 'tsv'],
  [/^application\/(?:json|x-ndjson|jsonl|jsonlines)/i, 'json'],
  [/^application\/(?:vnd\.apache\.)?parquet/i, 'parquet'],
]

function unknownFormat(sentence: string): Refusal {
  const nextStep = 'Check the path. If it is right, choose the format in this connection.'
  return new Refusal('read', 'protocol.unexpected', { sentence, nextStep })
}
