import type { Job, Limits, Operation, Operations, Parameters } from '../connector/driver.ts'
import { driver } from '../connector/registry.ts'
import { Secret } from '../secrets/secret.ts'

/** What a job on files differs in from others. */
export type FileJob = {
  readonly parameters: Parameters
  readonly type: string
  readonly fields: Readonly<Record<string, string>>
  readonly limits?: Partial<Limits>
}

/** Returns a job for one of the drivers for files. */
export function fileJob<O extends Operation>(
  id: string,
  operation: O,
  input: Operations[O]['input'],
  { parameters, type, fields, limits }: FileJob,
): Job<O> {
  const destination = driver(id)?.destination(parameters)
  if (destination === undefined) throw new Error(`There is no driver ${id}.`)
  const secrets = Object.entries(fields).map(([name, text]) => [name, new Secret(text)])
  return {
    driver: id,
    destination,
    parameters,
    credential: { type, fields: Object.fromEntries(secrets) },
    operation,
    input,
    limits: { milliseconds: 20_000, heapMegabytes: 256, cellCharacters: 100, ...limits },
    runId: 'test',
  }
}
