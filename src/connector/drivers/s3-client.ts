import { Refusal } from '../diagnosis.ts'
import { type DriverClient, mostListed, type Operations, type Session, type TableEntry } from '../driver.ts'
import { formatOf } from '../file-format.ts'
import { importRemote, previewRemote, type RemoteFile, tableSource } from '../read-file.ts'
import { folderOf } from './s3.ts'
import { knowsKey } from './s3-errors.ts'
import { type S3Session, withS3 } from './s3-session.ts'

/**
 * The part of the S3 driver that talks. A schema is a bucket, or a folder of one as `bucket/folder/`; a table is a file,
 * by what follows in its key.
 */
export const client: DriverClient = {
  signIn: (session) =>
    withS3(session, async (s3) => {
      const { bucket } = session.job.parameters
      if (bucket === undefined) await readAnyBucket(session, s3)
      else await readBucket(session, s3, bucket)
      return { serverVersion: '' }
    }),

  listSchemas: (session) => withS3(session, (s3) => listSchemas(session, s3)),

  listTables: (session, { schema }) => withS3(session, (s3) => listTables(session, s3, schema)),

  preview: (session, { source, rows }) =>
    withS3(session, async (s3) => previewRemote(session, await openFile(session, s3, tableSource(source)), rows)),

  import: (session, input) =>
    withS3(session, async (s3) => importRemote(session, await openFile(session, s3, tableSource(input.source)), input)),
}

/** A key that the store knows proves little: the last rung reads a byte of a file, if there is any. */
async function readBucket(session: Session, s3: S3Session, bucket: string): Promise<void> {
  const { Contents = [] } = await s3.listObjects(bucket, folderOf(session.job.parameters))
  session.report.passed('authentication', knowsKey)
  session.report.passed('database', 'The bucket can be listed.')
  const file = Contents.find(({ Size }) => (Size ?? 0) > 0)
  if (file?.Key === undefined) {
    session.report.passed('read', 'There are no files yet; the bucket could be listed.')
    return
  }
  const { body } = await s3.getObject(bucket, file.Key, 'bytes=0-0')
  for await (const _ of body) break
  session.report.passed('read', 'A byte of a file could be read.')
}

/** Buckets may belong to others: one that can be read is enough. */
async function readAnyBucket(session: Session, s3: S3Session): Promise<void> {
  const buckets = await bucketNames(s3)
  session.report.passed('authentication', knowsKey)
  session.report.notApplicable('database', 'The connection names no bucket.')
  let refusal: unknown
  for (const bucket of buckets.slice(0, 3)) {
    try {
      const { Contents = [] } = await s3.listObjects(bucket, '')
      const file = Contents.find(({ Size }) => (Size ?? 0) > 0)
      if (file?.Key !== undefined) for await (const _ of (await s3.getObject(bucket, file.Key, 'bytes=0-0')).body) break
      session.report.passed('read', `The bucket ${bucket} could be read.`)
      return
    } catch (error) {
      refusal ??= error
    }
  }
  if (refusal !== undefined) throw new Refusal('read', 'read.denied', noBucketReadable)
  session.report.passed('read', 'There are no buckets yet; they could be listed.')
}

const noBucketReadable = {
  sentence: 'This account may list the buckets, but read none of the first three.',
  nextStep: 'Name a bucket that it may read in this connection.',
}

async function bucketNames(s3: S3Session): Promise<string[]> {
  const { Buckets = [] } = await s3.listBuckets()
  return Buckets.flatMap(({ Name }) => (Name === undefined || !isName(Name) ? [] : [Name])).slice(0, mostListed)
}

const isName = (name: string) => name !== '' && name.length <= 1_000
/** Pages of 1,000 keys that are looked through for files that can be read. */
const mostPages = 50

/** The buckets; or the bucket of the connection and the folders right in it. */
async function listSchemas(session: Session, s3: S3Session): Promise<Operations['listSchemas']['output']> {
  const { bucket } = session.job.parameters
  if (bucket === undefined) {
    const buckets = await bucketNames(s3)
    session.report.passed('read', 'The buckets can be listed.')
    return { schemas: buckets.sort() }
  }
  const prefix = folderOf(session.job.parameters)
  const { CommonPrefixes = [], IsTruncated } = await s3.listObjects(bucket, prefix, { delimiter: '/' })
  session.report.passed('read', 'The bucket can be listed.')
  const folders = CommonPrefixes.flatMap(({ Prefix }) => (Prefix === undefined ? [] : [`${bucket}/${Prefix}`]))
  const schemas = [prefix === '' ? bucket : `${bucket}/${prefix}`, ...folders.filter(isName)]
  return { schemas, isPartial: IsTruncated === true }
}

/** The files under a schema, however deep, that can be read as tables. What comes after so many keys is not looked for. */
async function listTables(
  session: Session,
  s3: S3Session,
  schema: string,
): Promise<Operations['listTables']['output']> {
  const { bucket, prefix } = placeOf(session, schema)
  const tables: TableEntry[] = []
  let after: string | undefined
  let page = 0
  for (; page < mostPages; page++) {
    const listed = await s3.listObjects(bucket, prefix, { after })
    for (const { Key = '' } of listed.Contents ?? []) {
      const name = Key.slice(prefix.length)
      const isTable = Key.startsWith(prefix) && isName(name) && formatOf(name) !== undefined
      if (isTable && tables.length < mostListed) tables.push({ schema, name, type: 'table' })
    }
    after = listed.NextContinuationToken
    if (listed.IsTruncated !== true || after === undefined) break
  }
  session.report.passed('read', 'The files can be listed.')
  return { tables: tables.sort((a, b) => (a.name < b.name ? -1 : 1)), isPartial: page === mostPages }
}

/** Where a schema lies. Nothing outside the bucket and folder of the connection is one. */
function placeOf(session: Session, schema: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket = '', prefix = ''] = /^([^/]+)(?:\/(.*))?$/s.exec(schema) ?? []
  const { parameters } = session.job
  const isInside = parameters.bucket === undefined || parameters.bucket === bucket
  if (bucket !== '' && isInside && prefix.startsWith(folderOf(parameters))) return { bucket, prefix }
  throw new Refusal('read', 'read.denied', {
    sentence: 'This is outside the bucket and folder of the connection.',
    nextStep: 'Choose a file that the connection lists, or add a connection for that bucket.',
  })
}

async function openFile(
  session: Session,
  s3: S3Session,
  { schema, table }: { readonly schema: string; readonly table: string },
): Promise<RemoteFile> {
  const { bucket, prefix } = placeOf(session, schema)
  const format = formatOf(table)
  if (format === undefined) {
    throw new Refusal('read', 'read.denied', {
      sentence: 'This file is none that can be read as a table.',
      nextStep: 'Choose a file that ends in .csv, .tsv, .json, .jsonl or .ndjson (or these with .gz), or in .parquet.',
    })
  }
  const { size, body } = await s3.getObject(bucket, `${prefix}${table}`)
  session.report.passed('authentication', knowsKey)
  session.report.passed('database', 'The bucket is open to this account.')
  return { format, size, body }
}
