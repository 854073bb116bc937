import { build } from 'esbuild'

// What Keyward runs as: three programs that share their code in chunks. Packages stay in node_modules.
await build({
  entryPoints: ['src/main.ts', 'src/cli/keyward.ts', 'src/connector/worker.ts'],
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  sourcemap: true,
  outdir: 'dist',
  entryNames: '[name]',
  logLevel: 'warning',
})
