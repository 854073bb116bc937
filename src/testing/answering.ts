import type { Job, Outcome } from '../connector/driver.ts'
import type { TestDomain } from './domain.ts'

/** What a data store of a test answers to one job; `secrets` are those it was asked with. */
export type Answer = (
  job: Job,
  secrets: Readonly<Record<string, string>>,
) => Outcome<unknown> | Promise<Outcome<unknown>>

/** Has the connector of a domain answer each job by itself, and returns what it was asked since. */
export function answering(domain: TestDomain, answer: Answer): Asked[] {
  const asked: Asked[] = []
  domain.connector.run = async (job) => {
    const fields = Object.entries(job.credential.fields)
    const secrets = Object.fromEntries(fields.map(([id, secret]) => [id, secret.expose().toString()]))
    for (const [, secret] of fields) secret.wipe()
    asked.push({ host: job.destination.host, operation: job.operation, input: job.input, secrets })
    return (await answer(job, secrets)) as never
  }
  return asked
}

/** One job of a data store of a test. */
export type Asked = {
  readonly host: string
  readonly operation: Job['operation']
  readonly input: Job['input']
  readonly secrets: Readonly<Record<string, string>>
}
