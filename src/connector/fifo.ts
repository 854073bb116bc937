import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'

/** Makes named pipes that only this account can open. */
export function makeFifos(...paths: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore', env: { PATH: '/usr/bin:/bin' } })
    child.once('error', reject)
    child.once('exit', (status) => (status === 0 ? resolve() : reject(new Error('mkfifo failed'))))
  })
}

/** Lets a reader go that may still wait for somebody at the other end of a pipe: it then reads the end. */
export async function releaseReader(path: string, opening: Promise<unknown>): Promise<void> {
  const both = await open(path, 'r+')
  await opening
  await both.close()
}
