/** What src/testing/schedule-process.ts is told. Nothing in it opens anything but the database of a test. */
export type ScheduleProcessOrder = {
  readonly databaseUrl: string
  readonly kek: string
  readonly directory: string
  /** How long an import takes at most, in milliseconds; each takes a part of it at random. */
  readonly importMilliseconds: number
}
