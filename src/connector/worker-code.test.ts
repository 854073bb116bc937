import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { keepCompiled, readCode, runCode } from './worker-code.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyward-code-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function bundle(
  name: string,
  text = 'exports.sum = (a, b) => a + b; exports.isFile = require("fs").existsSync(__filename)',
) {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

describe('a bundle', () => {
  test('runs as Node.js would run it, compiled before or not', () => {
    const file = bundle('twice.cjs')
    const script = readCode(file)
    expect(script.cachedDataRejected).toBeUndefined()
    const first = runCode(script, file) as { sum(a: number, b: number): number; isFile: boolean }
    expect([first.sum(1, 2), first.isFile]).toEqual([3, true])
    keepCompiled(script, file)
    const again = readCode(file)
    expect(again.cachedDataRejected).toBe(false)
    expect((runCode(again, file) as typeof first).sum(3, 4)).toBe(7)
  })

  test('runs where what was compiled is for another text or for no V8 at all', () => {
    const file = bundle('other.cjs')
    keepCompiled(readCode(file), file)
    bundle('other.cjs', 'exports.other = true')
    expect(readCode(file).cachedDataRejected).toBe(true)
    expect(runCode(readCode(file), file)).toEqual({ other: true })
    bundle('other.cjs', 'exports.third = true')
    writeFileSync(`${file}.compiled`, 'nothing of the kind')
    const script = readCode(file)
    expect([script.cachedDataRejected, runCode(script, file)]).toEqual([true, { third: true }])
  })
})

test('The worker was compiled when Keyward was built', () => {
  expect(readCode(join(packageRoot(), 'dist/worker-code.cjs')).cachedDataRejected).toBe(false)
})
