import { cronProblem, isTimeZone, nextRun, type Rule } from './rule.ts'
import type { Setting } from './schedules.ts'

/** A schedule as its form has it, every field as typed. */
export type TypedSetting = {
  readonly every: string
  readonly minute: string
  readonly at: string
  /** Numbers from 1, Monday. */
  readonly days: readonly string[]
  readonly day: string
  readonly cron: string
  readonly zone: string
  readonly account: string
  readonly catchUp: string
  readonly keepVersions: string
  readonly keepDays: string
}

/** What is wrong, by the field it is about. */
export type SettingErrors = Partial<Readonly<Record<keyof TypedSetting, string>>>
export type ParsedSetting =
  | { readonly ok: true; readonly setting: Setting }
  | { readonly ok: false; readonly errors: SettingErrors }
export type ParsedRule =
  | { readonly ok: true; readonly rule: Rule; readonly timeZone: string }
  | { readonly ok: false; readonly errors: SettingErrors }

/** Versions and days that a schedule may be told to keep at most. */
const mostKept = 10_000

/** Parses a whole form; `signsIn` is false for a dataset that is made of others, whose form asks for no account. */
export function parseSetting(typed: TypedSetting, signsIn: boolean): ParsedSetting {
  const parsed = parseRule(typed)
  const keepVersions = parseKept(typed.keepVersions, 'versions')
  const keepDays = parseKept(typed.keepDays, 'days')
  const { catchUp } = typed
  const credentialId = signsIn ? typed.account : null
  const errors: SettingErrors = {
    ...(parsed.ok ? {} : parsed.errors),
    ...(credentialId === '' ? { account: 'Choose an account.' } : {}),
    ...(catchUp === 'once' || catchUp === 'skip' ? {} : { catchUp: 'Choose what becomes of missed runs.' }),
    ...(typeof keepVersions === 'string' ? { keepVersions } : {}),
    ...(typeof keepDays === 'string' ? { keepDays } : {}),
  }
  if (!parsed.ok || Object.keys(errors).length > 0) return { ok: false, errors }
  if (typeof keepVersions === 'string' || typeof keepDays === 'string') return { ok: false, errors }
  const { rule, timeZone } = parsed
  const policy = catchUp === 'skip' ? 'skip' : 'once'
  return { ok: true, setting: { rule, timeZone, credentialId, catchUp: policy, keepVersions, keepDays } }
}

/** Parses how often and in which time zone: enough to say when the next runs are. */
export function parseRule(typed: TypedSetting): ParsedRule {
  const zone = typed.zone.trim()
  const zoneErrors = isTimeZone(zone) ? {} : { zone: 'Enter a time zone, such as Europe/Berlin or UTC.' }
  const rule = ruleFrom(typed)
  if (!('rule' in rule)) return { ok: false, errors: { ...rule, ...zoneErrors } }
  if (zoneErrors.zone !== undefined) return { ok: false, errors: zoneErrors }
  if (nextRun(rule.rule, zone, new Date()) === null) {
    return { ok: false, errors: { cron: 'No day is ever like that. Change the day or the month.' } }
  }
  return { ok: true, rule: rule.rule, timeZone: zone }
}

/** Returns the fields of a form that has this rule. */
export function typedRule(rule: Rule): Pick<TypedSetting, 'every' | 'minute' | 'at' | 'days' | 'day' | 'cron'> {
  const blank = { every: rule.every, minute: '0', at: '06:00', days: ['1'], day: '1', cron: '' }
  switch (rule.every) {
    case 'hour':
      return { ...blank, minute: String(rule.minute) }
    case 'day':
      return { ...blank, at: rule.at }
    case 'week':
      return { ...blank, at: rule.at, days: rule.days.map(String) }
    case 'month':
      return { ...blank, at: rule.at, day: String(rule.day) }
    case 'cron':
      return { ...blank, cron: rule.expression }
  }
}

function ruleFrom(typed: TypedSetting): { readonly rule: Rule } | SettingErrors {
  const { every } = typed
  if (every === 'hour') return hourly(typed)
  if (every === 'cron') return byCron(typed.cron.trim())
  const at = parseTime(typed.at)
  const errors: SettingErrors = at === null ? { at: 'Enter a time of day, such as 06:00.' } : {}
  if (every === 'day') return at === null ? errors : { rule: { every, at } }
  if (every === 'week') {
    const days = [...new Set(typed.days.map(Number))].filter((day) => day >= 1 && day <= 7).sort()
    if (days.length === 0) return { ...errors, days: 'Choose at least one day.' }
    return at === null ? errors : { rule: { every, days, at } }
  }
  if (every === 'month') {
    const day = wholeNumber(typed.day, 1, 31)
    if (day === null) return { ...errors, day: 'Enter a day from 1 to 31.' }
    return at === null ? errors : { rule: { every, day, at } }
  }
  return { every: 'Choose how often.' }
}

function hourly({ minute: text }: TypedSetting): { readonly rule: Rule } | SettingErrors {
  const minute = wholeNumber(text, 0, 59)
  return minute === null ? { minute: 'Enter a minute from 0 to 59.' } : { rule: { every: 'hour', minute } }
}

function byCron(expression: string): { readonly rule: Rule } | SettingErrors {
  const problem = cronProblem(expression)
  return problem === null ? { rule: { every: 'cron', expression } } : { cron: problem }
}

/** Returns "06:00" for "6:00" and the like; null for what is no time of day. */
function parseTime(text: string): string | null {
  const found = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim())
  return found === null ? null : `${found[1]?.padStart(2, '0')}:${found[2]}`
}

function wholeNumber(text: string, least: number, most: number): number | null {
  const number = /^\d{1,5}$/.test(text.trim()) ? Number(text) : Number.NaN
  return number >= least && number <= most ? number : null
}

/** Null for a blank field, a sentence for what is no count. */
function parseKept(text: string, what: 'versions' | 'days'): number | null | string {
  if (text.trim() === '') return null
  return wholeNumber(text, 1, mostKept) ?? `Enter a number of ${what} from 1 to 10,000, or nothing to keep all.`
}
