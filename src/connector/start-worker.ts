import { join } from 'node:path'
import { readCode, runCode } from './worker-code.ts'

// What a worker process runs: the worker itself, compiled when Keyward was built.
const file = join(__dirname, 'worker-code.cjs')
runCode(readCode(file), file)
