import { join } from 'node:path'
import { browserAddress, plainHttpWarning } from './browser-address.ts'
import type { Config } from './config.ts'
import { paths } from './paths.ts'

/** What the start has found out. */
export type Started = {
  readonly port: number
  /** Null once Keyward is set up. */
  readonly setupToken: string | null
  /** The key file that was made just now. */
  readonly newKekFile: string | null
  /** Where the embedded database had to go when it could not live under DATA_DIR. */
  readonly movedTo: string | null
}

/** Returns what a person reads on the console when Keyward is up. */
export function banner(config: Config, started: Started): string {
  const address = browserAddress(config, started.port)
  const blocks = [
    [`Keyward is running. Open ${address}`],
    started.setupToken === null ? [] : setup(address, started.setupToken),
    started.newKekFile === null ? [] : keyFile(started.newKekFile),
    started.movedTo === null ? [] : moved(config, started.movedTo),
    [...config.warnings, plainHttpWarning(config) ?? []].flat().map((warning) => `Warning: ${warning}`),
  ]
  const lines = blocks.filter((block) => block.length > 0).map((block) => block.map((line) => `  ${line}`).join('\n'))
  return `\n${lines.join('\n\n')}\n\n`
}

function setup(address: string, token: string): string[] {
  return [
    'Set it up once, with this address (it works one time; the next start prints another):',
    `${address}${paths.setup(token)}`,
  ]
}

function keyFile(file: string): string[] {
  return [
    `The key that protects all stored secrets was made: ${file}`,
    'Back it up, in another place than the data. Without it the secrets are lost.',
  ]
}

function moved(config: Config, home: string): string[] {
  return [
    `The database lives in ${home}, because PostgreSQL does not run as root and no other`,
    `account can enter ${join(config.dataDirectory, 'postgres')}. Include it in your backups, or set DATA_DIR to another folder.`,
  ]
}
