import type { UserActor } from '../access/actor.ts'
import type { EgressPolicy } from '../connector/egress-policy.ts'
import type { BucketSettings } from '../storage/settings.ts'

/** What src/testing/snapshot-process.ts is told. Nothing in it opens anything but the databases of a test. */
export type SnapshotProcessOrder = {
  readonly databaseUrl: string
  readonly kek: string
  readonly policy: EgressPolicy
  readonly workerFile: string
  readonly directory: string
  readonly actor: UserActor
  readonly connectionId: string
  readonly username: string
  readonly password: string
  readonly table: string
  /** True where it makes new versions of datasets that it is told, one after the other. */
  readonly waits?: boolean
  /** The store, where it is not the folder. */
  readonly bucket?: Omit<BucketSettings, 'secretAccessKey'> & { readonly secret: string }
}
