import type { FileHandle } from 'node:fs/promises'
import type * as S3 from '@aws-sdk/client-s3'
import { FileGone, StoreUnreachable } from './file-store.ts'
import type { BucketSettings } from './settings.ts'

/** An object of a bucket, or an upload to it that has not ended. */
export type BucketEntry = { readonly key: string; readonly changedAt: Date }

/** A bucket as its account sees it. Methods reject with `StoreUnreachable`, `FileGone`, or the reason of their signal. */
export type Bucket = {
  /** Puts a file there as one object, whole or not at all, and asks the store whether it is. */
  put(key: string, file: FileHandle, size: number, signal?: AbortSignal): Promise<void>
  get(key: string): Promise<{ readonly size: number; readonly body: AsyncIterable<Uint8Array> }>
  /** Removes the object and every upload to it that has not ended. Nothing there is fine. */
  remove(key: string): Promise<void>
  objects(prefix: string): AsyncIterable<BucketEntry>
  uploads(prefix: string): AsyncIterable<BucketEntry>
  close(): void
}

type Library = typeof S3
type Client = { readonly library: Library; readonly s3: S3.S3Client; readonly name: string }

/** Opens a bucket; nothing is sent before the first call, and the library is loaded then. */
export function openBucket(settings: BucketSettings): Bucket {
  const { bucket: name } = settings
  let opened: Promise<Client> | undefined
  const client = () => {
    opened ??= import('@aws-sdk/client-s3').then((library) => {
      const s3 = new library.S3Client(fixedSettings(settings))
      return { library, s3, name }
    })
    return opened
  }
  const asking = async <T>(work: (client: Client) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await work(await client())
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw explained(error, settings)
    }
  }

  return {
    put: (key, file, size, signal) =>
      asking(async (to) => {
        if (size <= partSize(size)) await putWhole(to, key, file, size, signal)
        else await putParts(to, key, file, size, signal)
        const { ContentLength } = await to.s3.send(new to.library.HeadObjectCommand({ Bucket: name, Key: key }))
        if (ContentLength !== size)
          throw new StoreUnreachable('The store kept another number of bytes than it was sent.')
      }, signal),

    get: (key) =>
      asking(async ({ library, s3 }) => {
        const { Body, ContentLength } = await s3.send(new library.GetObjectCommand({ Bucket: name, Key: key }))
        const body = Body as AsyncIterable<Uint8Array> | undefined
        if (body === undefined || ContentLength === undefined) throw new StoreUnreachable('The store sent no object.')
        return { size: ContentLength, body: explainedBody(body, settings) }
      }),

    remove: (key) =>
      asking(async (from) => {
        await from.s3.send(new from.library.DeleteObjectCommand({ Bucket: name, Key: key }))
        for await (const { Key, UploadId } of uploadsUnder(from, key)) await abort(from, Key, UploadId)
      }),

    async *objects(prefix) {
      for (let after: string | undefined; ; ) {
        const page = await asking(({ library, s3 }) =>
          s3.send(new library.ListObjectsV2Command({ Bucket: name, Prefix: prefix, ContinuationToken: after })),
        )
        for (const { Key, LastModified } of page.Contents ?? []) {
          if (Key !== undefined && LastModified !== undefined) yield { key: Key, changedAt: LastModified }
        }
        if (!page.IsTruncated || page.NextContinuationToken === undefined) return
        after = page.NextContinuationToken
      }
    },

    async *uploads(prefix) {
      for (const { Key, Initiated } of await asking((from) => all(uploadsUnder(from, prefix)))) {
        if (Key !== undefined && Initiated !== undefined) yield { key: Key, changedAt: Initiated }
      }
    },

    close: () => void opened?.then(({ s3 }) => s3.destroy()).catch(() => {}),
  }
}

/**
 * The library gets every setting from here: it looks for none in the environment, in files of a home, or at a metadata
 * service.
 */
function fixedSettings({ region, endpoint, accessKeyId, secretAccessKey }: BucketSettings): S3.S3ClientConfig {
  return {
    region,
    endpoint: endpoint ?? `https://s3.${region}.amazonaws.com`,
    forcePathStyle: endpoint !== null,
    credentials: { accessKeyId, secretAccessKey: secretAccessKey.expose().toString('utf8') },
    maxAttempts: 5,
    retryMode: 'standard',
    defaultsMode: 'standard',
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
    followRegionRedirects: false,
    disableMultiregionAccessPoints: true,
    disableS3ExpressSessionAuth: true,
    useArnRegion: false,
    useAccelerateEndpoint: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    // What is kept is authenticated whenever it is read; checksums of another kind not every store knows.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    authSchemePreference: ['aws.auth#sigv4'],
    sigv4aSigningRegionSet: [region],
    userAgentAppId: 'keyward',
  }
}

const standardPart = 8 * 2 ** 20
const mostParts = 10_000

/** A store takes so many parts at most. */
function partSize(size: number): number {
  return Math.max(standardPart, Math.ceil(size / mostParts))
}

async function putWhole(to: Client, key: string, file: FileHandle, size: number, signal?: AbortSignal): Promise<void> {
  const { library, s3, name } = to
  const body = await readPart(file, 0, size)
  await s3.send(new library.PutObjectCommand({ Bucket: name, Key: key, Body: body }), aborting(signal))
}

async function putParts(to: Client, key: string, file: FileHandle, size: number, signal?: AbortSignal): Promise<void> {
  const { library, s3, name: Bucket } = to
  const begun = await s3.send(new library.CreateMultipartUploadCommand({ Bucket, Key: key }), aborting(signal))
  const its = { Bucket, Key: key, UploadId: begun.UploadId }
  try {
    const Parts: S3.CompletedPart[] = []
    for (let at = 0; at < size; at += partSize(size)) {
      const Body = await readPart(file, at, Math.min(partSize(size), size - at))
      const PartNumber = Parts.length + 1
      const { ETag } = await s3.send(new library.UploadPartCommand({ ...its, PartNumber, Body }), aborting(signal))
      Parts.push({ PartNumber, ETag })
    }
    await s3.send(new library.CompleteMultipartUploadCommand({ ...its, MultipartUpload: { Parts } }), aborting(signal))
  } catch (error) {
    await abort(to, key, begun.UploadId)
    throw error
  }
}

/** What cannot be ended now is found by the sweep. */
async function abort({ library, s3, name }: Client, key: string | undefined, id: string | undefined): Promise<void> {
  await s3.send(new library.AbortMultipartUploadCommand({ Bucket: name, Key: key, UploadId: id })).catch(() => {})
}

async function* uploadsUnder({ library, s3, name }: Client, prefix: string): AsyncGenerator<S3.MultipartUpload> {
  for (let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}; ; ) {
    const page = await s3.send(new library.ListMultipartUploadsCommand({ Bucket: name, Prefix: prefix, ...after }))
    yield* page.Uploads ?? []
    if (!page.IsTruncated) return
    after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function readPart(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) throw new FileGone('The file became shorter while it was uploaded.')
    done += bytesRead
  }
  return bytes
}

function aborting(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { abortSignal: signal }
}

async function* explainedBody(body: AsyncIterable<Uint8Array>, settings: BucketSettings): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw explained(error, settings)
  }
}

/** What libraries and stores say repeats keys and addresses, so only its kind goes further. */
function explained(error: unknown, { bucket, endpoint, region }: BucketSettings): Error {
  if (error instanceof FileGone || error instanceof StoreUnreachable) return error
  const {
    name = '',
    $metadata,
    code,
  } = (error ?? {}) as { name?: string; code?: string; $metadata?: S3.S3ServiceException['$metadata'] }
  const status = $metadata?.httpStatusCode
  if (name === 'NoSuchKey') return new FileGone('The object is not in the bucket.')
  const where = endpoint ?? `Amazon S3 in ${region}`
  if (name === 'NoSuchBucket' || status === 404) {
    return new StoreUnreachable(`There is no bucket ${bucket} at ${where}. Make it, or set SNAPSHOT_STORE to another.`)
  }
  if (status === 401 || status === 403) {
    return new StoreUnreachable(
      `${where} does not let this account use the bucket ${bucket} (${safe(name)}). Check SNAPSHOT_STORE_ACCESS_KEY_ID, SNAPSHOT_STORE_SECRET_FILE and what the account may do.`,
    )
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return new StoreUnreachable('A bucket needs the package @aws-sdk/client-s3. Install it in the folder of Keyward.')
  }
  const answer = status === undefined ? safe(code ?? name) : `HTTP ${status} ${safe(name)}`
  return new StoreUnreachable(`${where} does not answer as a store does (${answer}). Check SNAPSHOT_STORE_ENDPOINT.`)
}

function safe(word: string): string {
  return word.replace(/[^\w.-]/g, '').slice(0, 60) || 'unknown'
}
