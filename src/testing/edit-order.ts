import type { UserActor } from '../access/actor.ts'

/** What of a proven edit a process does, in the order in which one goes through them. */
export const editSteps = ['start', 'try', 'apply', 'split', 'discard'] as const
export type EditStep = (typeof editSteps)[number]

/** What src/testing/edit-process.ts is told. Nothing in it opens anything but the database of a test. */
export type EditProcessOrder = {
  readonly databaseUrl: string
  readonly kek: string
  readonly actor: UserActor
  readonly credentialId: string
  readonly name: string
  readonly step: EditStep
  /** Empty for `start`. */
  readonly editId: string
  /** The process kills itself before this statement that writes, counted from 1; 0 for never. */
  readonly killAt: number
}
