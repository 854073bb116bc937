import type { Guard } from './access/guard.ts'
import type { Config } from './config.ts'
import { createReminders } from './credentials/reminders.ts'
import type { Database } from './db/client.ts'
import type { Log } from './log.ts'
import { createCourier } from './notifications/courier.ts'
import { createDeliveries } from './notifications/deliveries.ts'
import { createMailer } from './notifications/email.ts'
import { createInbox } from './notifications/inbox.ts'
import { createOutbox } from './notifications/outbox.ts'
import { createWebhook } from './notifications/webhook.ts'
import { createSchedule } from './schedule.ts'

export type Notifying = ReturnType<typeof createNotifying>

const minute = 60_000

/** Wires the reminders of expiries and what sends them: looked for every ten minutes, sent within half a one. What else is told goes along. */
export function createNotifying(deps: {
  db: Database
  guard: Guard
  config: Pick<Config, 'deployment' | 'origin' | 'egress' | 'webhook' | 'mail'>
  log: Log
}) {
  const { db, guard, config, log } = deps
  const { deployment, origin, webhook, mail, egress } = config
  const outbox = createOutbox({ webhook: webhook !== null, email: mail !== null })
  const reminders = createReminders({ db, guard, deployment, outbox, origin })
  const courier = createCourier({ db, deployment, outbox, origin })
  const inbox = createInbox({ db, deployment })
  const senders = {
    ...(webhook === null ? {} : { webhook: createWebhook(webhook, { egress }) }),
    ...(mail === null ? {} : { email: createMailer(mail, { egress }) }),
  }
  const deliveries = createDeliveries({ db, guard, deployment, senders })
  const schedules = [
    createSchedule({
      work: async (signal) => void (await reminders.give(signal)),
      failure: 'reminders failed',
      log,
      milliseconds: 10 * minute,
    }),
    createSchedule({
      work: async (signal) => {
        while (!signal.aborted && (await courier.next()) > 0);
      },
      failure: 'notifications not handed over',
      log,
      milliseconds: minute / 2,
    }),
    createSchedule({
      work: async (signal) => {
        const lane = async (channel: 'webhook' | 'email') => {
          while (!signal.aborted && (await deliveries.next(channel, signal)));
        }
        await Promise.all([lane('webhook'), lane('email')])
      },
      failure: 'notifications failed',
      log,
      milliseconds: minute / 2,
    }),
    createSchedule({
      work: async () => {
        await deliveries.sweep()
        await inbox.sweep()
      },
      failure: 'notifications not swept',
      log,
      milliseconds: 60 * minute,
    }),
  ]
  return {
    start(): void {
      for (const schedule of schedules) schedule.start()
    },

    /** Ends what is under way. Call it before the database is closed. */
    async close(): Promise<void> {
      await Promise.all(schedules.map((schedule) => schedule.close()))
    },
  }
}
