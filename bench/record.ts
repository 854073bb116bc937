import { randomBytes } from 'node:crypto'
import { encodeContext } from '../src/secrets/context.ts'
import { encodeFields } from '../src/secrets/payload.ts'
import { noTerm, open, seal } from '../src/secrets/record.ts'
import { Secret } from '../src/secrets/secret.ts'
import { type Measurement, noted } from './measurement.ts'

const batch = 10_000
const batches = 7

/** Sealing and opening one credential's record. */
export const record: Measurement = {
  name: 'record',
  title: `microseconds to seal and to open the record of one basic credential, best of ${batches} batches of ${batch}`,
  minutes: 2,
  async measure() {
    const key = randomBytes(32)
    const context = encodeContext(['keyward/bench', 'deployment', 'organization', 'credential', 1])
    const plaintext = encodeFields({ username: new Secret('reader'), password: new Secret('quartz lantern mosaic 7') })
    const sealed = seal(key, noTerm, context, plaintext)
    return [
      noted(
        'seal',
        best(() => seal(key, noTerm, context, plaintext)),
        ' µs',
      ),
      noted(
        'open',
        best(() => open(key, noTerm, context, sealed)),
        ' µs',
      ),
    ]
  },
}

function best(work: () => unknown): number {
  const times = Array.from({ length: batches }, () => {
    const begun = performance.now()
    for (let turn = 0; turn < batch; turn++) work()
    return ((performance.now() - begun) * 1000) / batch
  })
  return Math.min(...times)
}
