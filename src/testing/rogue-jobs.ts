import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Connector, Job, Operation } from '../connector/driver.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { testConnector } from './jobs.ts'
import type { Rogue } from './rogue-postgres.ts'

/** What the tests of one file need to meet rogues; gone when they are over. */
export type RogueGround = {
  readonly connector: Connector
  /** For what imports write. */
  readonly folder: string
  /** Undefined, with a printed reason, where there is no OpenSSL. */
  readonly certificates: Certificates | undefined
}

/** Prepares it. Called once, at the top of a test file. */
export function prepareRogues(): RogueGround {
  const connector = testConnector()
  const folder = mkdtempSync(join(tmpdir(), 'keyward-rogue-'))
  afterAll(async () => {
    await connector.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { connector, folder, certificates: makeCertificates(folder) }
}

/**
 * Runs one job against a rogue and closes it. Returns what came of the job, in the pieces that tests ask for, with what the
 * rogue heard. With `until`, the job is cancelled when it first makes progress.
 */
export async function meetRogue<O extends Operation>(
  { connector }: RogueGround,
  rogue: Rogue,
  job: Job<O>,
  until?: AbortController,
) {
  const stop = until === undefined ? {} : { signal: until.signal, onProgress: () => until.abort() }
  const outcome = await connector.run(job, { userId: 'ada', ...stop })
  await rogue.close()
  return {
    outcome,
    failed: outcome.diagnosis.find((rung) => rung.state === 'failed'),
    code: outcome.ok ? 'ok' : outcome.code,
    words: JSON.stringify(outcome),
    heard: rogue.heard(),
  }
}
