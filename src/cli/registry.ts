import { auditCommands } from './audit.ts'
import type { Command } from './command.ts'
import { doctorCommands } from './doctor.ts'
import { featureCommands } from './feature.ts'
import { keyCommands } from './key.ts'
import { migrateCommands } from './migrate.ts'
import { serveCommands } from './serve.ts'
import { userCommands } from './user.ts'

/** Every command, in the order of `keyward --help`. */
export const commands: readonly Command[] = [
  ...serveCommands,
  ...migrateCommands,
  ...doctorCommands,
  ...userCommands,
  ...featureCommands,
  ...keyCommands,
  ...auditCommands,
]
