import { Refusal, type RefusalText } from '../diagnosis.ts'
import type { RungName, Session } from '../driver.ts'

/** What a client was doing when the store refused, which decides what a refusal means. */
export type S3Step = 'listing buckets' | 'opening a bucket' | 'reading'

/** What the client library makes of an answer that is no success. */
type S3Error = Error & {
  readonly Code?: unknown
  readonly Endpoint?: unknown
  readonly Region?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

/**
 * Returns what an error of the client library or the store means on the ladder. Where the store knew the key and refused
 * something else, the rung of the authentication has been climbed, and is reported.
 */
export function refusalFromS3(error: unknown, step: S3Step, session: Session): Refusal {
  if (error instanceof Refusal) return error
  if (!(error instanceof Error)) return new Refusal('current', 'internal')
  const said: S3Error = error
  const status = said.$metadata?.httpStatusCode
  if (status === undefined || !('$fault' in error)) return notUnderstood(error)
  const code = typeof said.Code === 'string' ? said.Code : said.name
  const detail = `${status} ${code} ${said.message}`
  const refused = aboutAccount(code, said)
  if (refused !== undefined) return new Refusal('authentication', refused.code, { ...refused.text, detail })
  if (status >= 300 && status < 400) return elsewhere(said, detail)
  if (status === 503 || status === 429) return new Refusal('current', 'limit.exceeded', { ...busy, detail })
  if (status >= 500) return new Refusal('current', 'protocol.unexpected', { ...failed, detail })
  session.report.passed('authentication', knowsKey)
  if (step !== 'opening a bucket') session.report.passed('database', 'The bucket is open to this account.')
  return aboutBucket(code, status, step, detail)
}

/** What a good signature proves. */
export const knowsKey = 'The store knows this access key and its secret.'

type Meaning = { readonly code: Refusal['code']; readonly text: RefusalText }

function aboutAccount(code: string, error: S3Error): Meaning | undefined {
  if (code === 'AuthorizationHeaderMalformed' || code === 'IllegalLocationConstraintException') {
    return { code: 'auth.refused', text: wrongRegion(regionOf(error)) }
  }
  return meanings.get(code)
}

const unknownKey: RefusalText = {
  sentence: 'The store does not know this access key.',
  nextStep: 'Check the access key, and that it belongs to this store.',
}
const wrongSecret: RefusalText = {
  sentence: 'The secret does not belong to this access key.',
  nextStep: 'Enter the secret again, or have a new key made.',
}
const wrongClock: RefusalText = {
  sentence: 'The clocks of the store and of Keyward differ too much.',
  nextStep: 'Set the clock of the machine that Keyward runs on, or of the store.',
}
const ended: RefusalText = {
  sentence: 'The session of this account has ended.',
  nextStep: 'Get a new session token, and enter it with its access key and secret.',
}
const closed: RefusalText = {
  sentence: 'The store has closed this account.',
  nextStep: 'Ask whoever runs the store, or pays for it, to open it again.',
}

const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['InvalidAccessKeyId', { code: 'auth.refused', text: unknownKey }],
  ['SignatureDoesNotMatch', { code: 'auth.refused', text: wrongSecret }],
  [
    'InvalidToken',
    { code: 'auth.refused', text: { ...ended, sentence: 'The store does not accept this session token.' } },
  ],
  ['InvalidSecurity', { code: 'auth.refused', text: wrongSecret }],
  ['RequestTimeTooSkewed', { code: 'auth.refused', text: wrongClock }],
  ['ExpiredToken', { code: 'auth.expired', text: ended }],
  ['TokenRefreshRequired', { code: 'auth.expired', text: ended }],
  ['AccountProblem', { code: 'auth.locked', text: closed }],
  ['AllAccessDisabled', { code: 'auth.locked', text: closed }],
  ['NotSignedUp', { code: 'auth.locked', text: closed }],
])

/** Only what can be a name is repeated; the rest of what a stranger says is folded away. */
function plainName(text: unknown): string | undefined {
  return typeof text === 'string' && /^[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?$/.test(text) ? text : undefined
}

function regionOf(error: S3Error): string | undefined {
  const inWords = /expecting '([^']+)'/.exec(error.message)?.[1]
  return plainName(error.$response?.headers?.['x-amz-bucket-region']) ?? plainName(error.Region) ?? plainName(inWords)
}

function wrongRegion(region: string | undefined): RefusalText {
  const where = region === undefined ? 'another region' : `the region ${region}`
  return { sentence: `The store is in ${where}.`, nextStep: `Enter ${where} in this connection.` }
}

/** The store would have the signature sent somewhere else. It is not. */
function elsewhere(error: S3Error, detail: string): Refusal {
  const region = regionOf(error)
  const endpoint = plainName(error.Endpoint)
  const known = [region && `region ${region}`, endpoint && `endpoint ${endpoint}`].filter(Boolean).join(', ')
  return new Refusal('database', 'protocol.unexpected', {
    sentence: `The bucket is somewhere else${known === '' ? '' : `: ${known}`}. Nothing was sent there.`,
    nextStep: 'Enter the region and the endpoint of the bucket in this connection.',
    detail,
  })
}

const busy: RefusalText = {
  sentence: 'The store has more to do than it can.',
  nextStep: 'Try again in a moment.',
}
const failed: RefusalText = {
  sentence: 'The store answered with an error of its own.',
  nextStep: 'Try again. If it happens again, look into the log of the store.',
}

function aboutBucket(code: string, status: number, step: S3Step, detail: string): Refusal {
  const refuse = (rung: RungName, meaning: Refusal['code'], text: RefusalText) =>
    new Refusal(rung, meaning, { ...text, detail })
  if (code === 'NoSuchBucket' || code === 'InvalidBucketName') return refuse('database', 'db.not_found', noBucket)
  if (step === 'reading') {
    if (code === 'InvalidObjectState') return refuse('read', 'read.denied', archived)
    return refuse('read', 'read.denied', status === 404 ? noObject : mayNotRead)
  }
  if (status === 404) return refuse('database', 'db.not_found', noBucket)
  if (status !== 403) return refuse('database', 'protocol.unexpected', failed)
  return refuse('database', 'db.denied', step === 'listing buckets' ? mayNotListBuckets : mayNotList)
}

const noBucket: RefusalText = { sentence: 'The store has no bucket of this name.', nextStep: 'Check the bucket.' }
const noObject: RefusalText = {
  sentence: 'The bucket has no such file.',
  nextStep: 'List the bucket again, and choose a file that is there.',
}
const archived: RefusalText = {
  sentence: 'The file lies in an archive, and cannot be read from there.',
  nextStep: 'Have it restored from the archive first.',
}
const mayNotRead: RefusalText = {
  sentence: 'This account may list the bucket, but not read this file.',
  nextStep: 'Have s3:GetObject on the bucket granted to this account.',
}
const mayNotList: RefusalText = {
  sentence: 'This account may not list this bucket.',
  nextStep: 'Check the bucket and the folder, or have s3:ListBucket on the bucket granted to this account.',
}
const mayNotListBuckets: RefusalText = {
  sentence: 'This account may not list the buckets.',
  nextStep: 'Name a bucket in this connection, or have s3:ListAllMyBuckets granted to this account.',
}

function notUnderstood(error: Error): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'What answers there does not speak the protocol of S3.',
    detail: `${error.name} ${error.message}`,
  })
}
