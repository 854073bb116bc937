import { build } from 'esbuild'

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  outdir: 'dist',
  logLevel: 'warning',
}

// What Keyward runs as: two programs that share their code in chunks. Packages stay in node_modules.
await build({
  ...common,
  entryPoints: ['src/main.ts', 'src/cli/keyward.ts'],
  splitting: true,
  format: 'esm',
  packages: 'external',
  entryNames: '[name]',
})

// And the connector worker, of which one starts for every use: in one file, with `pg`, it starts in half the time. What only
// some drivers need stays in node_modules until one of them asks for it.
await build({
  ...common,
  entryPoints: ['src/connector/worker.ts'],
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  external: ['@duckdb/node-api', '@aws-sdk/*', 'mariadb', 'undici', 'pg-native', 'pg-cloudflare'],
})
