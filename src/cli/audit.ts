import type { Command } from './command.ts'

/** `keyward audit …`: the ledger. */
export const auditCommands: readonly Command[] = []
