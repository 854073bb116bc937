import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { newDatasetKey, versionKey } from './dataset-key.ts'
import { createKeyring } from './keyring.ts'
import { createFileOpener, createFileSealer, pieceLength, sealedHeaderLength } from './sealed-file.ts'

/** Everything a reader needs, as docs/record-format.md §9 names it; bytes are hex. */
type Given = Readonly<Record<string, string | number>>

describe.skipIf(!pythonReads())('S2 a reader in another language, made from docs/record-format.md', () => {
  it.each([0, 1000, pieceLength, pieceLength + 1])('opens a snapshot of %i bytes that Keyward sealed', (size) => {
    const plain = randomBytes(size)
    expect(readWithPython(sealed(plain))).toBe(plain.toString('hex'))
  })

  it('opens the example of the document', () => {
    expect(readWithPython(example())).toBe(Buffer.from(text).toString('hex'))
  })

  it.each(['deployment', 'organization', 'dataset', 'snapshot'])('refuses the same file for another %s', (name) => {
    const given = sealed(Buffer.from(text))
    expect(readWithPython({ ...given, [name]: `${given[name]}x` })).toBe('refused')
  })

  it('refuses a file that was cut between two pieces', () => {
    const given = sealed(randomBytes(2 * pieceLength))
    const cut = String(given.file).slice(0, 2 * (sealedHeaderLength + pieceLength + 16))
    expect(readWithPython({ ...given, file: cut })).toBe('refused')
  })
})

it('The example of docs/record-format.md §9 opens with Keyward too', () => {
  const given = example()
  const keyring = createKeyring(new Map([[1, bytes(given, 'termKey')]]), 1)
  const grant = { keyTerm: 1, sealed: bytes(given, 'datasetKey') }
  const key = versionKey(keyring, identityOf(given), grant, String(given.snapshot))
  const file = bytes(given, 'file')
  const opener = createFileOpener(key, file.subarray(0, sealedHeaderLength))
  expect(opener.open(file.subarray(sealedHeaderLength), true).toString()).toBe(text)
})

const text = 'The rows of a snapshot.'

function sealed(plain: Buffer): Given {
  const termKey = randomBytes(32)
  const keyring = createKeyring(new Map([[7, termKey]]), 7)
  const ids = { deployment: 'd', organization: 'o', dataset: 's', snapshot: 'v' }
  const grant = newDatasetKey(keyring, identityOf(ids))
  const sealer = createFileSealer(versionKey(keyring, identityOf(ids), grant, ids.snapshot))
  const file = [sealer.header]
  for (let at = 0; at === 0 || at < plain.length; at += pieceLength) {
    file.push(sealer.seal(plain.subarray(at, at + pieceLength), at + pieceLength >= plain.length))
  }
  const [datasetKey, hex] = [grant.sealed.toString('hex'), Buffer.concat(file).toString('hex')]
  return { ...ids, term: 7, termKey: termKey.toString('hex'), datasetKey, file: hex }
}

function identityOf(given: Given) {
  return {
    deploymentId: String(given.deployment),
    organizationId: String(given.organization),
    datasetId: String(given.dataset),
  }
}

/** Reports whether there is a Python with the package that the reader needs. */
function pythonReads(): boolean {
  const found = spawnSync('python3', ['-c', 'import cryptography'], { stdio: 'ignore' }).status === 0
  if (!found) process.stdout.write('Skipped: there is no Python with the package "cryptography".\n')
  return found
}

function readWithPython(given: Given): string {
  const script = join(packageRoot(), 'src/secrets/read_snapshot.py')
  const { stdout, stderr, status } = spawnSync('python3', [script], { input: JSON.stringify(given), encoding: 'utf8' })
  return status === 0 ? stdout.trim() : stderr.trim()
}

function example(): Given {
  const document = readFileSync(join(packageRoot(), 'docs/record-format.md'), 'utf8')
  const [, found = ''] = /## 9\..*?```json\n(.*?)\n```/s.exec(document) ?? []
  return JSON.parse(found)
}

function bytes(given: Given, name: string): Buffer {
  return Buffer.from(String(given[name]), 'hex')
}
