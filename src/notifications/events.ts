/** What a person can be told, with the details that belong to it: numbers, moments as ISO 8601, and ids. */
export type EventDetails = {
  'snapshot.finished': { readonly version: number; readonly rows: number }
  'snapshot.failed': { readonly version: number }
  'snapshot.cancelled': { readonly version: number }
  /** Of datasets that were added together: how many, and how many of them have no data. */
  'addition.finished': { readonly additionId: string; readonly datasets: number }
  'addition.failed': { readonly additionId: string; readonly datasets: number; readonly failed: number }
  /** Null where it failed before there was a version. */
  'schedule.failed': { readonly version: number | null }
  /** How many moments; `more` where there were earlier ones as well that nobody counted. */
  'schedule.missed': { readonly times: number; readonly more?: boolean }
  'schedule.disabled': Readonly<Record<string, never>>
  /** Numbers of columns. */
  'dataset.drifted': {
    readonly version: number
    readonly added: number
    readonly removed: number
    readonly changed: number
  }
  'dataset.shared': { readonly role: string }
  'connection.shared': { readonly role: string }
  'credential.shared': Readonly<Record<string, never>>
  'credential.paused': Readonly<Record<string, never>>
  'credential.resumed': Readonly<Record<string, never>>
  'credential.expiring': { readonly days: number; readonly expiresAt: string }
  'credential.expired': { readonly days: number; readonly expiresAt: string }
  'edit.waiting': { readonly editId: string; readonly until: string }
}

export type NotificationEvent = keyof EventDetails

/** What people choose e-mails by. */
export type Topic = 'finished' | 'failed' | 'schedules' | 'drift' | 'pauses' | 'expiry' | 'edits' | 'sharing'

/** The topics in the order of their page, and whether they go by e-mail unless a person chooses: what happens while nobody looks. */
export const topics: Readonly<Record<Topic, { readonly label: string; readonly email: boolean }>> = {
  expiry: { label: 'Credentials of mine expire', email: true },
  pauses: { label: 'Credentials of mine are paused because a data store refused them, or go on', email: true },
  schedules: { label: 'A scheduled refresh fails or is missed, or its schedule is turned off', email: true },
  drift: { label: 'The columns of a dataset change', email: true },
  failed: { label: 'A snapshot fails, or somebody else cancels it', email: false },
  finished: { label: 'A snapshot that takes longer than a minute is ready', email: false },
  edits: { label: 'An edit of credentials waits for my decision', email: false },
  sharing: { label: 'Somebody shares something with me', email: false },
}

/**
 * Which topic an event belongs to, and whether the organization's webhook hears of it too: with each person who is told, or,
 * where several are told the same, with the owner of the dataset only.
 */
export const events: Readonly<
  Record<NotificationEvent, { readonly topic: Topic; readonly webhook?: true | 'with the owner' }>
> = {
  'snapshot.finished': { topic: 'finished', webhook: true },
  'snapshot.failed': { topic: 'failed', webhook: true },
  // Somebody did it, and knows.
  'snapshot.cancelled': { topic: 'failed' },
  'addition.finished': { topic: 'finished', webhook: true },
  'addition.failed': { topic: 'failed', webhook: true },
  'schedule.failed': { topic: 'schedules', webhook: true },
  'schedule.missed': { topic: 'schedules', webhook: true },
  'schedule.disabled': { topic: 'schedules', webhook: true },
  'dataset.drifted': { topic: 'drift', webhook: 'with the owner' },
  'dataset.shared': { topic: 'sharing' },
  'connection.shared': { topic: 'sharing' },
  'credential.shared': { topic: 'sharing' },
  'credential.paused': { topic: 'pauses', webhook: true },
  'credential.resumed': { topic: 'pauses', webhook: true },
  // Their reminders send these themselves, with more in them.
  'credential.expiring': { topic: 'expiry' },
  'credential.expired': { topic: 'expiry' },
  'edit.waiting': { topic: 'edits' },
}

/** Reports whether a text names an event that this version of Keyward knows. */
export function isEvent(text: string): text is NotificationEvent {
  return Object.hasOwn(events, text)
}

/** Reports whether a text names a topic. */
export function isTopic(text: string): text is Topic {
  return Object.hasOwn(topics, text)
}
