import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { Script } from 'node:vm'

/**
 * Reads a bundle that is written for `require`, with what V8 has made of it before (`keepCompiled`) where that is there and
 * fits this Node.js. Only ASCII: as such it is read and kept in half the time.
 */
export function readCode(file: string): Script {
  const text = readFileSync(file, 'latin1')
  const cachedData = readCompiled(file)
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${text}\n})`
  return new Script(wrapped, { filename: file, ...(cachedData && { cachedData }) })
}

/** Runs it as Node.js would, and returns what it exports. */
export function runCode(script: Script, file: string): unknown {
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))
  return module.exports
}

/**
 * Keeps what V8 has compiled of it so far beside the bundle. V8 tells by its own version and by the length of the text
 * whether it fits, so whoever writes another text removes this first.
 */
export function keepCompiled(script: Script, file: string): void {
  writeFileSync(compiledOf(file), script.createCachedData())
}

/** Undefined where it is not there, or not for this process to read. */
function readCompiled(file: string): Buffer | undefined {
  try {
    return readFileSync(compiledOf(file))
  } catch {
    return undefined
  }
}

function compiledOf(file: string): string {
  return `${file}.compiled`
}
