import { LedgerUnavailable } from './audit/ledger.ts'
import { TooBusy } from './connector/driver.ts'
import { WrongKek } from './keys/key-store.ts'
import type { KnownError } from './log.ts'
import { OperatorError } from './operator-error.ts'
import { BadKeyFile } from './secrets/kek/file.ts'
import { BadKeyText } from './secrets/kek/key-text.ts'

/** The errors whose messages are sentences of ours without data, so that consoles and logs may show them. */
export const knownErrors: readonly KnownError[] = [
  OperatorError,
  WrongKek,
  BadKeyFile,
  BadKeyText,
  LedgerUnavailable,
  TooBusy,
]
