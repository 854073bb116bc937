import { asc, eq } from 'drizzle-orm'
import { deliveries } from '../db/schema/deliveries.ts'
import { createCourier } from '../notifications/courier.ts'
import { createOutbox } from '../notifications/outbox.ts'
import type { TestDomain } from './domain.ts'

/** Hands over what has come and returns what the webhook is to hear: its event and its data, the first first. */
export async function heardByWebhook({ db }: Pick<TestDomain, 'db'>) {
  const outbox = createOutbox({ webhook: true, email: false })
  await createCourier({ db, deployment: 'managed', outbox, origin: 'https://keyward.example.com' }).next()
  const { event, body, channel, id } = deliveries
  return db.select({ event, body }).from(deliveries).where(eq(channel, 'webhook')).orderBy(asc(id))
}
