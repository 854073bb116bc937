import type { DiagnosisCode } from '../connector/driver.ts'
import type { Occasion } from '../credentials/breaker.ts'
import type { Transaction } from '../db/client.ts'

/** How Keyward makes a version by itself. */
export type OwnOrder = {
  /** As the ledger says it. */
  readonly purpose: string
  /** How it signs in; absent where it is made without an account. */
  readonly permit?: {
    /** Asked before each attempt; what it throws ends the version. */
    readonly occasion: () => Promise<Occasion>
    /** Called when the account was let in, and when the version has ended. May be called again. */
    readonly letIn: () => void
  }
  /**
   * Called when the version has ended and that is written down: with null where its data is complete, and with undefined
   * where the database could not be asked to the end, so that only its row can say what became of it.
   */
  readonly ended: (failure: Failure | null | undefined) => void
}

/** How a refresh is begun that no person waits for. */
export type OwnRefresh = {
  /** Writes down what the version is for; where it resolves with false, none is begun after all. */
  begin(tx: Transaction, version: { readonly id: string; readonly number: number }): Promise<boolean>
  readonly order: OwnOrder
}

/** Why a version has no data. `interrupted` are those that a process did not get to make. */
export type Failure = {
  readonly kind: 'cancelled' | 'interrupted' | 'failed'
  readonly code: DiagnosisCode | null
  readonly message: string
  /** What was thrown, if anything was. */
  readonly error?: unknown
}
