import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { packageRoot } from '../package-root.ts'

test('A program with nothing else to do sees the end of a ready worker that it kills', async () => {
  const outfile = join(packageRoot(), 'node_modules/.cache', `worker-end-${randomBytes(4).toString('hex')}.mjs`)
  const contents = `
    import { forkWorker } from './worker-process.ts'
    const worker = forkWorker(${JSON.stringify(join(packageRoot(), 'dist/worker.cjs'))}, 64, () => true)
    worker.kill()
    await worker.ended
    console.log('seen')`
  const stdin = { contents, resolveDir: import.meta.dirname, loader: 'ts' } as const
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
  try {
    const { status, stdout } = spawnSync(process.execPath, [outfile], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'seen\n' })
  } finally {
    rmSync(outfile)
  }
})
