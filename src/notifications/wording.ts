import type { EventDetails, NotificationEvent } from './events.ts'

/** What a sentence is made of: names are null where the reader may not see them, or they are gone. */
export type Told = {
  readonly name: string | null
  readonly by: string | null
  readonly details: Readonly<Record<string, unknown>>
}

/** Returns what happened as one sentence, for the page and for e-mails. Whatever a name holds is text. */
export function sentenceOf(event: NotificationEvent, told: Told): string {
  const write = sentences[event] as (names: Names, details: never) => string
  return write(namesOf(told), told.details as never)
}

type Names = {
  /** Who did it. */
  readonly by: string
  /** Such as `dataset "Orders"`. */
  readonly the: (noun: string) => string
}

function namesOf({ name, by }: Told): Names {
  const the = (noun: string) => {
    if (name !== null) return `the ${noun} "${oneLine(name)}"`
    return noun === 'credentials' ? 'some credentials' : `a ${noun}`
  }
  return { by: by === null ? 'Somebody' : oneLine(by), the }
}

/** A name is no place for paragraphs of somebody's own. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}

const sentences: { readonly [E in NotificationEvent]: (names: Names, details: EventDetails[E]) => string } = {
  'snapshot.finished': ({ the }, { version, rows }) =>
    `Version ${version} of ${the('dataset')} is ready, with ${counted(rows, 'row')}.`,
  'snapshot.failed': ({ the }, { version }) => `Version ${version} of ${the('dataset')} could not be made.`,
  'snapshot.cancelled': ({ by, the }, { version }) => `${by} cancelled version ${version} of ${the('dataset')}.`,
  'addition.finished': ({ the }, { datasets }) =>
    datasets === 1
      ? capital(`${the('dataset')}, which you added along with others, is ready.`)
      : `${number(datasets)} datasets that you added together are ready, ${the('dataset')} among them.`,
  'addition.failed': ({ the }, { datasets, failed }) =>
    failed === 1
      ? `Of ${counted(datasets, 'dataset')} that you added together 1 has no data: ${the('dataset')}.`
      : `Of ${number(datasets)} datasets that you added together ${number(failed)} have no data, ${the('dataset')} among them.`,
  'schedule.failed': ({ the }) => `A scheduled refresh of ${the('dataset')} failed.`,
  'schedule.missed': ({ the }, { times, more }) => {
    if (more) return `More than ${number(times)} scheduled refreshes of ${the('dataset')} were missed.`
    if (times === 1) return `A scheduled refresh of ${the('dataset')} was missed.`
    return `${number(times)} scheduled refreshes of ${the('dataset')} were missed.`
  },
  'schedule.disabled': ({ the }) => `The schedule of ${the('dataset')} was turned off.`,
  'dataset.drifted': ({ the }, { version, added, removed, changed }) => {
    const parts = [part(added, 'added'), part(removed, 'removed'), part(changed, 'changed')].filter(Boolean)
    return `Columns of ${the('dataset')} differ in version ${version}: ${parts.join(', ') || 'another order'}.`
  },
  'dataset.shared': ({ by, the }, { role }) => `${by} shared ${the('dataset')} with you, as ${aRole(role)}.`,
  'connection.shared': ({ by, the }, { role }) => `${by} shared ${the('data connection')} with you, as ${aRole(role)}.`,
  'credential.shared': ({ by, the }) => `${by} lets you use ${the('credentials')}.`,
  'credential.paused': ({ the }) =>
    `A data store refused ${the('credentials')}. Nothing uses them by itself until one sign-in with them is let in.`,
  'credential.resumed': ({ the }) => `A data store let ${the('credentials')} in. They are used by themselves again.`,
  'credential.expiring': ({ the }, { expiresAt }) => capital(`${the('credentials')} expire on ${minute(expiresAt)}.`),
  'credential.expired': ({ the }, { expiresAt }) => capital(`${the('credentials')} expired on ${minute(expiresAt)}.`),
  'edit.waiting': ({ the }, { until }) =>
    `An edit of ${the('credentials')} was tried and waits for your decision, until ${minute(until)}.`,
}

function part(count: number, what: string): string {
  return count === 0 ? '' : `${number(count)} ${what}`
}

function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`
}

const english = new Intl.NumberFormat('en')

function number(value: number): string {
  return english.format(value)
}

function aRole(role: string): string {
  return role === 'consumer' ? 'a consumer' : `an ${role}`
}

/** An ISO 8601 moment as "2026-12-24 18:00 UTC". */
function minute(moment: string): string {
  return `${moment.slice(0, 16).replace('T', ' ')} UTC`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
