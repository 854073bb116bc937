import { loadConfig } from '../config.ts'
import { journal } from '../db/migrate.ts'
import { migrateDatabase, openDatabase } from '../open-database.ts'
import { type Command, status } from './command.ts'

/** `keyward migrate`: the tables of this version, before any process starts. */
export const migrateCommands: readonly Command[] = [
  {
    name: 'migrate',
    summary: 'Bring the database to this version, as every start does',
    usage: '',
    options: {},
    async run({ environment, answer }) {
      const database = await openDatabase(loadConfig(environment), 'command')
      try {
        await migrateDatabase(database)
        const version = journal().at(-1)?.tag ?? 'none'
        answer([`The database is at ${version}.`], { migration: version })
        return status.done
      } finally {
        await database.close()
      }
    },
  },
]
