import { devNull } from 'node:os'
import { Transform } from 'node:stream'
import type * as S3 from '@aws-sdk/client-s3'
import { Refusal } from '../diagnosis.ts'
import type { Destination, Session } from '../driver.ts'
import { type HttpExchange, openExchange } from '../http-exchange.ts'
import { refusalFromS3, type S3Step } from './s3-errors.ts'

/** A store as one account sees it. Every method rejects with a `Refusal`. */
export type S3Session = {
  listBuckets(): Promise<S3.ListBucketsCommandOutput>
  /** `after` is where the page before ended. */
  listObjects(
    bucket: string,
    prefix: string,
    page?: { readonly after?: string | undefined; readonly delimiter?: string },
  ): Promise<S3.ListObjectsV2CommandOutput>
  /** `range` as in HTTP; everything without it. */
  getObject(bucket: string, key: string, range?: string): Promise<S3Object>
}

/** An object on its way. */
export type S3Object = { readonly size: number | undefined; readonly body: AsyncIterable<Uint8Array> }

/**
 * Opens a store and runs `work`. The client library gets every setting from here and its requests go through
 * `openExchange`: it can find no other account, ask no metadata service, and send a signature nowhere else.
 */
export async function withS3<T>(session: Session, work: (s3: S3Session) => Promise<T>): Promise<T> {
  const credentials = readAccount(session)
  const library = await loadLibrary()
  const exchange = openExchange(session, session.job.destination)
  const client = new library.S3Client({
    ...fixedSettings(session),
    credentials,
    requestHandler: handler(session, exchange),
  })
  const step = async <R>(name: S3Step, run: () => Promise<R>): Promise<R> => {
    try {
      return await run()
    } catch (error) {
      throw refusalFromS3(error, name, session)
    }
  }
  try {
    return await work({
      listBuckets: () => step('listing buckets', () => client.send(new library.ListBucketsCommand({}))),
      listObjects: (bucket, prefix, { after, delimiter } = {}) =>
        step('opening a bucket', () => {
          const place = { ContinuationToken: after, Delimiter: delimiter }
          return client.send(new library.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...place }))
        }),
      getObject: (bucket, key, range) =>
        step('reading', async () => {
          const command = new library.GetObjectCommand({
            Bucket: bucket,
            Key: key,
            Range: range,
            ChecksumMode: 'ENABLED',
          })
          const { Body, ContentLength } = await client.send(command)
          return { size: ContentLength, body: pieces(Body as AsyncIterable<Uint8Array> | undefined, session) }
        }),
    })
  } finally {
    exchange.close()
    client.destroy()
  }
}

/** An empty field would make the library look elsewhere for one, so it is refused before anything is sent. */
function readAccount({ job }: Session) {
  const field = (id: string) => job.credential.fields[id]?.expose().toString('utf8') ?? ''
  const [accessKeyId, secretAccessKey, token] = [
    field('awsAccessKeyId'),
    field('awsSecretAccessKey'),
    field('awsSessionToken'),
  ]
  if (job.credential.type !== 's3' || accessKeyId === '' || secretAccessKey === '') {
    throw new Refusal('authentication', 'auth.refused', {
      sentence: 'This account has no access key or no secret. Nothing was sent.',
      nextStep: 'Enter both.',
    })
  }
  return { accessKeyId, secretAccessKey, ...(token === '' ? {} : { sessionToken: token }) }
}

/** What the library would read from an environment, files of a home or a metadata service is not there when it looks. */
function loadLibrary(): Promise<typeof S3> {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  process.env.AWS_CONFIG_FILE = devNull
  process.env.AWS_SHARED_CREDENTIALS_FILE = devNull
  process.env.AWS_EC2_METADATA_DISABLED = 'true'
  return import('@aws-sdk/client-s3')
}

function fixedSettings({ job }: Session): S3.S3ClientConfig {
  const { host, port, tls } = job.destination
  const region = job.parameters.region ?? 'us-east-1'
  if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/i.test(region)) {
    throw new Refusal('authentication', 'auth.refused', {
      sentence: 'The region of this connection is not the name of one. Nothing was sent.',
      nextStep: 'Enter a region such as eu-central-1. Most stores other than Amazon take us-east-1.',
    })
  }
  return {
    region,
    endpoint: `${tls === 'disable' ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    forcePathStyle: job.parameters.addressing !== 'host',
    // One try: what fails is told, not repeated against a store that counts refusals.
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    followRegionRedirects: false,
    disableMultiregionAccessPoints: true,
    disableS3ExpressSessionAuth: true,
    useArnRegion: false,
    useAccelerateEndpoint: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    authSchemePreference: ['aws.auth#sigv4'],
    sigv4aSigningRegionSet: [region],
    userAgentAppId: `keyward-${job.runId}`.replace(/[^\w-]/g, '').slice(0, 50),
  }
}

type HandlerRequest = {
  readonly method: string
  readonly hostname: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
}

/** What the library sends its requests through. Whatever host it names, the socket goes to the destination. */
function handler(session: Session, exchange: HttpExchange) {
  const { destination } = session.job
  return {
    async handle(request: HandlerRequest) {
      if (!isOf(request.hostname, destination)) throw new Refusal('policy', 'policy.refused')
      const path = `${request.path}${queryOf(request.query ?? {})}`
      const response = await exchange.ask({ method: request.method, path, headers: { ...request.headers } })
      const isFile = request.query?.['x-id'] === 'GetObject' && (response.statusCode ?? 0) < 300
      const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
      const body = isFile ? response : response.pipe(bounded(response))
      return {
        response: {
          statusCode: response.statusCode ?? 0,
          reason: response.statusMessage,
          headers: Object.fromEntries(headers),
          body,
        },
      }
    },
    metadata: { handlerProtocol: 'http/1.1' },
    destroy() {},
  }
}

function isOf(hostname: string, { host }: Destination): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return bare === host || bare.endsWith(`.${host}`)
}

function queryOf(query: NonNullable<HandlerRequest['query']>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === null) return [`${encode(name)}=`]
    return [value].flat().map((one) => `${encode(name)}=${encode(one)}`)
  })
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Bytes of an answer that is no file: 1,000 keys of the longest kind, all of them escaped. */
const longestAnswer = 8 * 2 ** 20

function bounded(response: NodeJS.ReadableStream & { destroy(error?: Error): unknown }): Transform {
  let size = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      done(size > longestAnswer ? tooMuch() : null, chunk)
    },
  })
  limit.once('close', () => response.destroy())
  response.once('error', (error) => limit.destroy(error))
  return limit
}

function tooMuch(): Refusal {
  return new Refusal('current', 'limit.exceeded', {
    sentence: 'The store sent more than an answer to this may be.',
    nextStep: 'Check that the endpoint is right.',
  })
}

async function* pieces(body: AsyncIterable<Uint8Array> | undefined, session: Session): AsyncGenerator<Uint8Array> {
  if (body === undefined) return
  try {
    for await (const chunk of body) yield chunk
  } catch (error) {
    if (error instanceof Error && /checksum/i.test(error.message)) {
      const sentence = 'The file arrived damaged: its checksum does not match.'
      throw new Refusal('read', 'protocol.unexpected', { sentence, nextStep: 'Try again.' })
    }
    throw refusalFromS3(error, 'reading', session)
  }
}
