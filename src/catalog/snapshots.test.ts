import { expect, it, vi } from 'vitest'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import type { Failure } from './own-order.ts'
import { type ComputedOrder, createSnapshots } from './snapshots.ts'

type Fakes = Pick<Parameters<typeof createSnapshots>[0], 'versions' | 'store' | 'storage'>

it('A version that has failed tells why, although a heartbeat finds that it is over before that is told', async () => {
  let isOpen = true
  let beatsAfter = 0
  const versions = {
    start: async (organizationId: string, versionId: string) => ({ organizationId, versionId, file: 'file' }),
    beat: async (its: readonly { versionId: string }[]) => {
      if (!isOpen) beatsAfter++
      return { open: new Set(isOpen ? its.map(({ versionId }) => versionId) : []), cancelled: new Set() }
    },
    end: async () => {
      isOpen = false
      await vi.waitFor(() => expect(beatsAfter).toBeGreaterThan(1))
    },
  }
  const store = { create: async () => ({ path: 'file', key: new Secret('a key') }), remove: async () => {} }
  const fakes = { versions, store, storage: { room: async () => 1_000 } } as unknown as Fakes
  const log = createLog({ level: 'silent' })
  const snapshots = createSnapshots({ ...fakes, use: { run: vi.fn() }, log, beatMilliseconds: 1 })
  const told = new Promise<Failure | null>((ended) => {
    const compute: ComputedOrder['compute'] = async () => ({ ok: false, message: 'A column is gone.' })
    const order = { actor: { organizationId: 'ours' }, versionId: 'version', runId: 'run', compute }
    snapshots.start([{ ...order, own: { purpose: 'scheduled snapshot', ended } } as unknown as ComputedOrder])
  })
  expect(await told).toEqual({ kind: 'failed', code: null, message: 'A column is gone.' })
  await snapshots.close()
})
