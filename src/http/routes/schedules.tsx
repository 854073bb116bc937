import { ScheduleDeletionPage } from '../../../views/schedules/deletion.tsx'
import type { ScheduleForm } from '../../../views/schedules/form.tsx'
import { SchedulePage, type SchedulePageProps } from '../../../views/schedules/page.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import { paths } from '../../paths.ts'
import type { Besides } from '../../schedules/beside.ts'
import type { SchedulePageData, ScheduleQueries } from '../../schedules/queries.ts'
import type { ScheduleOutcome, Schedules, SetOutcome, Setting } from '../../schedules/schedules.ts'
import { parseRule, parseSetting, type TypedSetting, typedRule } from '../../schedules/setting.ts'
import { setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { isId } from '../id.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'

type Dependencies = {
  readonly schedules: Schedules
  readonly scheduleQueries: ScheduleQueries
  readonly besides: Besides
}
type Shown = Partial<Omit<SchedulePageProps, 'data'>>

/** The page of a dataset's schedule, and what its buttons do. */
export function scheduleRoutes({ schedules, scheduleQueries: queries, besides }: Dependencies): Routes {
  const routes = new Routes()

  function render(c: AppContext, data: SchedulePageData, shown: Shown = {}) {
    const { form = formOf(data), preview = null, problem = null } = shown
    return c.render(<SchedulePage data={data} form={form} preview={preview} problem={problem} />)
  }

  /** What is typed and not saved is in the address: looking at it changes nothing. */
  routes.get('/catalog/:id/schedule', signedIn, async (c, actor) => {
    const data = await queries.page(actor, idOf(c))
    if (c.req.query('every') === undefined) return render(c, data)
    const typed = typedIn({ text: (name) => c.req.query(name) ?? '', all: (name) => c.req.queries(name) ?? [] })
    const form = { ...formOf(data), typed, ownZone: false }
    const parsed = parseRule(typed)
    if (!parsed.ok) return render(c, data, { form: { ...form, errors: parsed.errors } })
    const { rule, timeZone } = parsed
    return render(c, data, { form, preview: { next: await queries.preview(rule, timeZone), timeZone } })
  })

  routes.post('/catalog/:id/schedule', signedIn, async (c, actor) => {
    const data = await queries.page(actor, idOf(c))
    const fields = await readForm(c)
    const typed = typedIn(fields)
    const form: ScheduleForm = { typed, revision: fields.text('revision'), ownZone: false }
    const parsed = parseSetting(typed, !data.dataset.isCombined)
    if (!parsed.ok) {
      c.status(422)
      return render(c, data, { form: { ...form, errors: parsed.errors } })
    }
    if (data.dataset.isDynamic) return setBeside(c, actor, form, parsed.setting)
    const revision = /^\d{1,9}$/.test(form.revision) ? Number(form.revision) : null
    const outcome = await schedules.set(actor, idOf(c), parsed.setting, revision)
    if (!outcome.ok) return notSet(c, actor, form, outcome)
    setFlash(c, 'schedule-saved')
    return c.redirect(paths.datasetSchedule(idOf(c)), 303)
  })

  routes.post('/catalog/:id/schedule/pause', signedIn, async (c, actor) => {
    if (await schedules.pause(actor, idOf(c))) setFlash(c, 'schedule-paused')
    return c.redirect(paths.datasetSchedule(idOf(c)), 303)
  })

  routes.post('/catalog/:id/schedule/resumption', signedIn, async (c, actor) => {
    const outcome = await schedules.resume(actor, idOf(c))
    if (outcome.ok) setFlash(c, 'schedule-resumed')
    return after(c, actor, outcome)
  })

  routes.post('/catalog/:id/schedule/runs', signedIn, async (c, actor) => {
    const outcome = await schedules.runNow(actor, idOf(c))
    if (outcome.ok) setFlash(c, 'schedule-run')
    return after(c, actor, outcome)
  })

  routes.get('/catalog/:id/schedule/deletion', signedIn, async (c, actor) => {
    const { dataset, schedule } = await queries.page(actor, idOf(c))
    if (schedule === null) throw new NotFound()
    return c.render(<ScheduleDeletionPage dataset={dataset} />)
  })

  routes.post('/catalog/:id/schedule/deletion', signedIn, async (c, actor) => {
    await schedules.remove(actor, idOf(c))
    setFlash(c, 'schedule-deleted')
    return c.redirect(paths.datasetSchedule(idOf(c)), 303)
  })

  /** Goes back to the page, which says why where it was not done. */
  async function after(c: AppContext, actor: UserActor, outcome: ScheduleOutcome) {
    if (outcome.ok) return c.redirect(paths.datasetSchedule(idOf(c)), 303)
    c.status(409)
    return render(c, await queries.page(actor, idOf(c)), { problem: outcome.reason })
  }

  /** What a dynamic dataset shows is kept in a dataset beside it, which has the schedule. */
  async function setBeside(c: AppContext, actor: UserActor, form: ScheduleForm, setting: Setting) {
    const outcome = await besides.create(actor, idOf(c), setting)
    if (!outcome.ok) return notSet(c, actor, form, outcome)
    setFlash(c, outcome.isSet ? 'schedule-beside' : 'dataset-started')
    return c.redirect(paths.datasetSchedule(outcome.id), 303)
  }

  async function notSet(c: AppContext, actor: UserActor, form: ScheduleForm, outcome: SetOutcome & { ok: false }) {
    const data = await queries.page(actor, idOf(c))
    if (outcome.reason === 'account') {
      c.status(422)
      return render(c, data, { form: { ...form, errors: { account: notUsable } } })
    }
    c.status(409)
    if (outcome.reason === 'no connection') return render(c, data, { problem: noConnection })
    if (outcome.reason === 'inputs') return render(c, data, { form, problem: unreadable(outcome.names) })
    const revision = String(data.schedule?.revision ?? '')
    return render(c, data, { form: { ...form, revision }, problem: stale })
  }

  return routes
}

const notUsable = 'This account cannot be used on this data connection. Choose another one, or confirm its destination.'
const noConnection = 'The data connection of this dataset is gone, so it cannot be refreshed.'
const stale =
  'Somebody changed this schedule since you opened it. What it is now is above the form; save again to replace it.'

function unreadable(names: readonly string[]): string {
  const listed = names.map((name) => `"${name}"`).join(', ')
  return `The query of this dataset reads ${listed}: deleted, or not shared with you. So no run could be made in your name.`
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function typedIn(fields: Pick<FormFields, 'text' | 'all'>): TypedSetting {
  const { text, all } = fields
  const account = isId(text('account')) ? text('account') : ''
  return {
    ...{ every: text('every'), minute: text('minute'), at: text('at'), days: all('days'), day: text('day') },
    ...{ cron: text('cron'), zone: text('zone'), account, catchUp: text('catchUp') },
    ...{ keepVersions: text('keepVersions'), keepDays: text('keepDays') },
  }
}

function formOf({ schedule, accounts, dataset }: SchedulePageData): ScheduleForm {
  if (schedule === null) {
    const first = accounts.find(({ credentialId }) => credentialId === dataset.account?.id) ?? accounts[0]
    const typed = { ...typedRule({ every: 'day', at: '06:00' }), zone: 'UTC', account: first?.credentialId ?? '' }
    return { typed: { ...typed, catchUp: 'once', keepVersions: '', keepDays: '' }, revision: '', ownZone: true }
  }
  const { rule, timeZone, credentialId, catchUp, keepVersions, keepDays, revision } = schedule
  const kept = { keepVersions: String(keepVersions ?? ''), keepDays: String(keepDays ?? '') }
  const typed = { ...typedRule(rule), zone: timeZone, account: credentialId ?? '', catchUp, ...kept }
  return { typed, revision: String(revision), ownZone: false }
}
