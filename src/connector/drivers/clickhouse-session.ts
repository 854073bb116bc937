import { Refusal } from '../diagnosis.ts'
import type { Job, Session } from '../driver.ts'
import { inSignInTime } from '../sign-in-time.ts'
import { type BasicAccount, readBasicAccount } from './basic-account.ts'
import { type ClickHouseWire, lost, notClickHouse, openWire } from './clickhouse-http.ts'

/** A signed-in account. Every cell is text, as the server writes it, or null. */
export type ClickHouseSession = {
  readonly serverVersion: string
  /** True where the server can write nested values as JSON. */
  readonly writesJson: boolean
  /** Runs one statement that ends in `FORMAT TabSeparated` or a relative of it. */
  query(statement: string): Promise<(string | null)[][]>
  /** Runs one whose answer may be of any length. */
  stream(statement: string): ReturnType<ClickHouseWire['open']>
}

/**
 * Signs in, reports the rungs up to the database, runs `work` and hangs up. Rejects with a `Refusal` whatever goes wrong.
 * Each statement carries the account, the database and the settings that make it one that reads, for so long.
 */
export async function withSession<T>(
  session: Session,
  work: (clickhouse: ClickHouseSession) => Promise<T>,
): Promise<T> {
  const { job, report } = session
  const account = readAccount(job)
  let wire: ClickHouseWire | undefined
  const signedIn = async () => {
    wire = await openWire(session, (secured) => authorization(account, secured))
    const [serverVersion = ''] = (await wire.fetch('SELECT version()', {}, 'signing in')).split('\n')
    if (!/^\d+\.\d+[\w.+-]{0,40}$/.test(serverVersion)) throw notClickHouse()
    report.passed('authentication', 'The server knows this account and its password.')
    const settings = await chooseSettings(wire, job.parameters.database ?? '', job.limits.milliseconds)
    report.passed('database', 'The database is open to this account.')
    return talk(wire, serverVersion, settings)
  }
  try {
    return await work(await inSignInTime(session, signedIn()))
  } catch (error) {
    throw error instanceof Refusal ? error : lost(error)
  } finally {
    wire?.close()
  }
}

/** HTTP puts a colon between the two, so a username cannot have one. */
function readAccount(job: Job): BasicAccount {
  const account = readBasicAccount(job)
  if (!account.username.includes(':')) return account
  throw new Refusal('authentication', 'auth.refused', {
    sentence: 'This account has a username with a colon, which ClickHouse cannot be sent. Nothing was sent.',
    nextStep: 'Enter a username without a colon.',
  })
}

/** HTTP sends the password itself, so only a server that has proven who it is may have it. */
function authorization({ username, password }: BasicAccount, secured: boolean): string {
  if (secured) return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  throw new Refusal('authentication', 'auth.method_refused', {
    sentence: 'ClickHouse wants the password itself, and this server has not proven who it is. Nothing was sent.',
    nextStep: 'Choose verified TLS.',
  })
}

/**
 * Returns the parameters of every statement. Servers refuse settings that they do not know or that the account may not
 * change, so only those are sent that are known and are not yet as they should be. `readonly` is 0 for an account that may
 * write, 1 for one that may not change settings, 2 for one that may do that alone.
 */
async function chooseSettings(wire: ClickHouseWire, database: string, milliseconds: number) {
  const text = await wire.fetch(settingsSql, { database }, 'signing in')
  const known = new Map(rowsOf(text).map(([name, value]) => [name ?? '', value ?? '']))
  const readonly = known.get('readonly')
  if (readonly === '1') return { database }
  const seconds = Math.max(1, Math.ceil(milliseconds / 1_000))
  const own = Number(known.get('max_execution_time') ?? 0)
  const wanted = { ...settings, max_execution_time: String(own > 0 && own < seconds ? own : seconds) }
  const changed = Object.entries(wanted).filter(([name, value]) => (known.get(name) ?? value) !== value)
  return { database, ...Object.fromEntries(changed), ...(readonly === '2' ? {} : { readonly: '1' }) }
}

/** Errors rather than silent cuts; text as `startParquet` takes it; and an end to queries nobody waits for. */
const settings: Readonly<Record<string, string>> = {
  result_overflow_mode: 'throw',
  read_overflow_mode: 'throw',
  timeout_overflow_mode: 'throw',
  cancel_http_readonly_queries_on_client_close: '1',
  date_time_output_format: 'simple',
  format_tsv_null_representation: '\\N',
  output_format_tsv_crlf_end_of_line: '0',
  bool_true_representation: 'true',
  bool_false_representation: 'false',
  output_format_json_quote_64bit_integers: '0',
  // As text: JSON has no number for them, and without this they would be null.
  output_format_json_quote_denormals: '1',
  enable_http_compression: '0',
}

const settingNames = [...Object.keys(settings), 'readonly', 'max_execution_time'].map((name) => `'${name}'`)
const settingsSql = `SELECT name, value FROM system.settings WHERE name IN (${settingNames.join(', ')}) FORMAT TabSeparated`

function talk(wire: ClickHouseWire, serverVersion: string, parameters: Record<string, string>): ClickHouseSession {
  const [year = 0, release = 0] = serverVersion.split('.').map(Number)
  return {
    serverVersion,
    writesJson: year > 21 || (year === 21 && release >= 9),
    query: async (statement) => rowsOf(await wire.fetch(statement, parameters, 'reading')),
    stream: (statement) => wire.open(statement, parameters, 'reading'),
  }
}

/** Takes the text of `FORMAT TabSeparated` apart. */
function rowsOf(text: string): (string | null)[][] {
  const lines = text.split('\n')
  lines.pop()
  return lines.map((line) => line.split('\t').map((cell) => (cell === '\\N' ? null : unescapeCell(cell))))
}

function unescapeCell(cell: string): string {
  return cell.includes('\\') ? cell.replace(/\\(.)/g, (_, one: string) => escapes[one] ?? one) : cell
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', 0: '\0' }
