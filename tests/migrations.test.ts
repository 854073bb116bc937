import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '../src/package-root.ts'

it('the migrations make just the tables that the schema says: generating finds nothing to do', () => {
  const copy = mkdtempSync(join(tmpdir(), 'keyward-drift-'))
  try {
    cpSync(join(packageRoot(), 'drizzle'), copy, { recursive: true })
    const before = readdirSync(copy)
    const schema = ['--dialect', 'postgresql', '--schema', './src/db/schema/index.ts', '--casing', 'snake_case']
    const out = ['--out', relative(packageRoot(), copy), '--name', 'drift']
    const kit = join(packageRoot(), 'node_modules/drizzle-kit/bin.cjs')
    const run = spawnSync(process.execPath, [kit, 'generate', ...schema, ...out], {
      cwd: packageRoot(),
      encoding: 'utf8',
    })
    expect(run.stdout + run.stderr).toContain('No schema changes')
    expect(readdirSync(copy)).toEqual(before)
  } finally {
    rmSync(copy, { recursive: true })
  }
})
