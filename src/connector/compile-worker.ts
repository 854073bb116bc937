import { join } from 'node:path'
import { keepCompiled, readCode, runCode } from './worker-code.ts'

// Part of the build: has a worker rehearse, and keeps what V8 compiled for it. A process that is started with a job
// waiting then compiles none of that.
const file = join(__dirname, 'worker-code.cjs')
const script = readCode(file)
const umask = process.umask()
const { prepared } = runCode(script, file) as { readonly prepared: Promise<void> }
void prepared.then(() => {
  // A worker's own files are for no one else.
  process.umask(umask)
  keepCompiled(script, file)
  process.exit()
})
