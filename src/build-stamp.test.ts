import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { buildStamp } from './build-stamp.mjs'

const root = mkdtempSync(join(tmpdir(), 'keyward-stamp-'))
afterAll(() => rmSync(root, { recursive: true }))

const write = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}

test('The stamp of a build changes with every source and package, and not with times or what the build does not read', () => {
  write('src/main.ts', 'one')
  write('src/deep/er.ts', '')
  write('views/page.tsx', 'two')
  write('package.json', '{}')
  write('node_modules/.package-lock.json', '{}')
  const seen = [buildStamp(root)]
  const same = () => expect(buildStamp(root)).toBe(seen.at(-1))
  const other = () => {
    expect(seen).not.toContain(buildStamp(root))
    seen.push(buildStamp(root))
  }
  utimesSync(join(root, 'src/main.ts'), 0, 0)
  same()
  write('docs/page.md', 'text')
  write('dist/main.js', 'built')
  same()
  write('src/main.ts', 'own')
  other()
  write('src/deep/er.ts', 'one')
  other()
  renameSync(join(root, 'src/deep/er.ts'), join(root, 'src/deep/est.ts'))
  other()
  write('views/page.tsx', 'three')
  other()
  write('tsconfig.json', '{}')
  other()
  write('node_modules/.package-lock.json', '{"packages":{}}')
  other()
  rmSync(join(root, 'src/deep'), { recursive: true })
  other()
})
