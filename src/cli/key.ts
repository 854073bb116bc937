import { resolve } from 'node:path'
import { composed, withDatabase } from '../compose.ts'
import { loadConfig } from '../config.ts'
import { listTerms, verifyGrants } from '../keys/inspect.ts'
import { type DatasetKeyReport, verifyDatasetKeys } from '../keys/inspect-datasets.ts'
import { generateKeyFile, readKeyFile } from '../secrets/kek/file.ts'
import { type Command, type Invocation, NothingFound, required, type Status, status } from './command.ts'

/** `keyward key …`: the keys that protect stored secrets. */
export const keyCommands: readonly Command[] = [
  {
    name: 'key generate',
    summary: 'Make a file with a new key-encryption key',
    usage: '--file PATH',
    options: { file: { type: 'string' } },
    run: generate,
  },
  {
    name: 'key list',
    summary: 'Show the term keys and the fingerprint of the key that opens each',
    usage: '',
    options: {},
    run: list,
  },
  {
    name: 'key verify',
    summary: 'Open every stored secret and every key of a dataset, and count what does not open',
    usage: '',
    options: {},
    run: verify,
  },
]

async function generate(invocation: Invocation): Promise<Status> {
  const file = resolve(required(invocation, 'file'))
  generateKeyFile(file)
  const fingerprint = readKeyFile(file)[0]?.fingerprint ?? ''
  invocation.answer(
    [`Made ${file} (key ${fingerprint}). Set KEYWARD_KEK_FILE to it, and keep a copy in a safe place.`],
    { file, fingerprint },
  )
  return status.done
}

async function list({ environment, answer }: Invocation): Promise<Status> {
  const terms = await withDatabase(loadConfig(environment), listTerms)
  if (terms.length === 0) throw new NothingFound('The database has no keys yet. The first start makes them.')
  const lines = terms.map(
    ({ term, purpose, state, fingerprints, grants, datasetKeys }) =>
      `term ${term}  ${purpose}  ${state}  opened by ${fingerprints.join(' or ')}  ${grants} grants, ${datasetKeys} keys of datasets`,
  )
  answer(lines, { terms })
  return status.done
}

async function verify({ environment, answer }: Invocation): Promise<Status> {
  const [report, datasets] = await composed(
    loadConfig(environment),
    async ({ db, keys }) => [await verifyGrants(db, keys), await verifyDatasetKeys(db, keys)] as const,
  )
  const failures = report.failures.map(
    ({ credentialId, version, grantId }) =>
      `credential ${credentialId} version ${version}, grant ${grantId ?? 'missing'}`,
  )
  const summary =
    report.failed === 0
      ? `All ${report.grants} grants open.`
      : `${report.failed} of ${report.grants} grants do not open. Restore these credentials from a backup, or store them anew:`
  answer([summary, ...failures, ...aboutDatasets(datasets)], { ...report, datasets })
  return report.failed + datasets.failed === 0 ? status.done : status.failed
}

function aboutDatasets({ keys, failed, failures }: DatasetKeyReport): string[] {
  if (failed === 0) return keys === 0 ? [] : [`All ${keys} keys of datasets open.`]
  return [
    `${failed} datasets have snapshots that nothing opens. Restore the table dataset_keys from a backup, or create these snapshots anew:`,
    ...failures.map((id) => `dataset ${id}`),
  ]
}
