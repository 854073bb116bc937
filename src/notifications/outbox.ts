import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { deliveries } from '../db/schema/deliveries.ts'

export type Channel = 'webhook' | 'email'

/** Something to be told: names, dates and links, never a secret. */
export type Notification = {
  readonly organizationId: string
  /** Such as `credential.expiring`. */
  readonly event: string
  readonly body: Readonly<Record<string, string | number | boolean | null>>
  /** The address of the person it is for; null where nobody is to get an e-mail. */
  readonly recipient: string | null
  /** What they are told behind the bell: as long as that concerns them the e-mail is sent. */
  readonly notificationId: string
  /** False where the organization's webhook is not to hear of it. */
  readonly webhook?: boolean
}

export type Outbox = ReturnType<typeof createOutbox>

/** Takes what is to be told, for the channels that are configured. */
export function createOutbox(channels: Readonly<Record<Channel, boolean>>) {
  return {
    /** Writes it down in the caller's transaction; it is sent after that has committed. */
    async add(tx: Transaction, notification: Notification, at: Date): Promise<void> {
      const { recipient, notificationId, webhook = true, ...told } = notification
      const its = { ...told, createdAt: at, nextAttemptAt: at }
      const rows = [
        ...(channels.webhook && webhook ? [{ ...its, id: newId(), channel: 'webhook' as const }] : []),
        ...(channels.email && recipient !== null
          ? [{ ...its, id: newId(), channel: 'email' as const, recipient, notificationId }]
          : []),
      ]
      if (rows.length > 0) await tx.insert(deliveries).values(rows)
    },
  }
}
