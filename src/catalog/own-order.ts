import type { DiagnosisCode } from '../connector/driver.ts'
import type { Occasion } from '../credentials/breaker.ts'

/** How Keyward makes a version by itself. */
export type OwnOrder = {
  /** As the ledger says it. */
  readonly purpose: string
  /** Asked before each attempt; what it throws ends the version. */
  readonly occasion: () => Promise<Occasion>
  /** Called when the account was let in, and when the version has ended. May be called again. */
  readonly letIn: () => void
  /** Called when the version has ended and that is written down; null where its data is complete. */
  readonly ended: (failure: Failure | null) => void
}

/** Why a version has no data. `interrupted` are those that a process did not get to make. */
export type Failure = {
  readonly kind: 'cancelled' | 'interrupted' | 'failed'
  readonly code: DiagnosisCode | null
  readonly message: string
  /** What was thrown, if anything was. */
  readonly error?: unknown
}
