import { join, resolve } from 'node:path'
import { parseSize } from '../byte-size.ts'
import { BadKeyFile, readPrivateFile } from '../secrets/kek/file.ts'
import { Secret } from '../secrets/secret.ts'

/** A bucket of an S3 store that keeps snapshots. */
export type BucketSettings = {
  readonly bucket: string
  /** What every key begins with: empty, or ending in a slash. */
  readonly prefix: string
  readonly region: string
  /** Where the store is; null: Amazon's of the region. */
  readonly endpoint: string | null
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  /** Bytes of sealed files that are kept on this machine after they were fetched. */
  readonly cacheBytes: number
}

/** Where snapshots are kept, and how much an organization may keep. */
export type SnapshotSettings = {
  /** A folder of this machine: the store, or with a bucket what is on its way there and what was fetched. */
  readonly directory: string
  readonly bucket: BucketSettings | null
  /** Where opened snapshots go that memory has no room for. */
  readonly scratch: string
  /** Bytes that the snapshots of an organization may take unless it has a limit of its own; null: any. */
  readonly quota: number | null
}

/** The settings there are, as the environment names them. */
export const snapshotSettings = [
  'SNAPSHOT_STORE',
  'SNAPSHOT_STORE_ENDPOINT',
  'SNAPSHOT_STORE_REGION',
  'SNAPSHOT_STORE_ACCESS_KEY_ID',
  'SNAPSHOT_STORE_SECRET_FILE',
  'SNAPSHOT_CACHE',
  'SNAPSHOT_SCRATCH',
  'SNAPSHOT_QUOTA',
] as const

/** Gives the text of a setting; undefined where it is not set. */
export type SettingText = (name: (typeof snapshotSettings)[number]) => string | undefined

/** Reads all of them. `problems` are sentences that say what is wrong; none repeats a secret. */
export function readSnapshotSettings(
  text: SettingText,
  dataDirectory: string,
): { readonly settings: SnapshotSettings; readonly problems: readonly string[] } {
  const store = text('SNAPSHOT_STORE')
  const isBucket = store !== undefined && /^[a-z0-9+]+:\/\//i.test(store)
  const read = isBucket ? readBucket(store, text) : { settings: null, problems: settingsOfNoBucket(text) }
  const quota = text('SNAPSHOT_QUOTA')
  const quotaBytes = quota === undefined ? null : parseSize(quota)
  const badQuota = quotaBytes === undefined ? ['SNAPSHOT_QUOTA is not a size. Set it to something like 500 GB.'] : []
  return {
    settings: {
      directory: store === undefined || isBucket ? join(dataDirectory, 'snapshots') : resolve(store),
      bucket: read.settings,
      scratch: resolve(text('SNAPSHOT_SCRATCH') ?? join(dataDirectory, 'scratch')),
      quota: quotaBytes ?? null,
    },
    problems: [...read.problems, ...badQuota],
  }
}

/** They would do nothing, and whoever set them expects a bucket. */
function settingsOfNoBucket(text: SettingText): string[] {
  return ofBuckets
    .filter((name) => text(name) !== undefined)
    .map((name) => `${name} is set, but SNAPSHOT_STORE is not a bucket. Set that to s3://bucket, or remove ${name}.`)
}

const ofBuckets = [
  'SNAPSHOT_STORE_ENDPOINT',
  'SNAPSHOT_STORE_REGION',
  'SNAPSHOT_STORE_ACCESS_KEY_ID',
  'SNAPSHOT_STORE_SECRET_FILE',
  'SNAPSHOT_CACHE',
] as const

type ReadBucket = { readonly settings: BucketSettings | null; readonly problems: readonly string[] }

function readBucket(address: string, text: SettingText): ReadBucket {
  const problems: string[] = []
  const texts = {
    endpoint: text('SNAPSHOT_STORE_ENDPOINT'),
    region: text('SNAPSHOT_STORE_REGION'),
    accessKeyId: text('SNAPSHOT_STORE_ACCESS_KEY_ID'),
    secretFile: text('SNAPSHOT_STORE_SECRET_FILE'),
    cache: text('SNAPSHOT_CACHE'),
  }
  const place = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(address)
  const prefix = place === null ? undefined : prefixOf(place[2] ?? '')
  if (place === null || prefix === undefined) {
    problems.push(
      'SNAPSHOT_STORE is neither a folder nor the address of a bucket. Write it as a path, or as s3://bucket or s3://bucket/folder.',
    )
  }
  const endpoint = texts.endpoint === undefined ? null : endpointOf(texts.endpoint)
  if (endpoint === undefined) {
    problems.push(
      'SNAPSHOT_STORE_ENDPOINT is not a web address without path, user and query. Set it to something like https://s3.example.com.',
    )
  }
  const region = texts.region ?? (texts.endpoint === undefined ? '' : 'us-east-1')
  if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(region)) {
    problems.push('SNAPSHOT_STORE_REGION is missing or not the name of a region. Set it to one such as eu-central-1.')
  }
  const accessKeyId = texts.accessKeyId ?? ''
  if (accessKeyId === '')
    problems.push('SNAPSHOT_STORE is a bucket. Set SNAPSHOT_STORE_ACCESS_KEY_ID to the account’s key id.')
  const secret = readSecret(texts.secretFile)
  if (typeof secret === 'string') problems.push(secret)
  const cacheBytes = parseSize(texts.cache ?? '2 GB')
  if (cacheBytes === undefined) problems.push('SNAPSHOT_CACHE is not a size. Set it to something like 10 GB.')
  if (problems.length > 0 || typeof secret === 'string') return { settings: null, problems }
  return {
    settings: {
      ...{ bucket: place?.[1] ?? '', prefix: prefix ?? '', region, endpoint: endpoint ?? null },
      ...{ accessKeyId, secretAccessKey: secret, cacheBytes: cacheBytes ?? 0 },
    },
    problems,
  }
}

/** Plain names between slashes, so that no key can mean something else to a proxy. */
function prefixOf(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '')
  if (parts.some((part) => !/^[\w.=-]+$/.test(part) || /^\.+$/.test(part))) return undefined
  return parts.map((part) => `${part}/`).join('')
}

function endpointOf(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
  return isPlain ? url.origin : undefined
}

/** The secret, or the sentence that says why there is none. */
function readSecret(file: string | undefined): Secret | string {
  const name = 'SNAPSHOT_STORE_SECRET_FILE'
  if (file === undefined)
    return `SNAPSHOT_STORE is a bucket. Set ${name} to a file that holds the account’s secret access key.`
  try {
    const text = readPrivateFile(file).trim()
    if (/^[\x21-\x7e]+$/.test(text)) return new Secret(text)
    return `${name} holds no secret access key. Set it to a file with the key on one line and nothing else.`
  } catch (error) {
    if (error instanceof BadKeyFile) return `${name}: ${error.message}`
    throw error
  }
}
