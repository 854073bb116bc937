import { withClient } from '../src/db/one-client.ts'
import { paths } from '../src/paths.ts'
import { fillOrganization } from './credentials-crowd.ts'
import { databaseOf, setUp, startKeyward } from './keyward-process.ts'
import { atMost, type Figure, type Measurement, median, noted } from './measurement.ts'
import type { Workbench } from './workbench.ts'

const rounds = 40
/** Of the organization, and of those the actor's own. */
const small = { all: 1_000, own: 1_000 }
const large = { all: 1_000_000, own: 10_000 }

/** Everything that a list of credentials can be asked for, by what the row of the table says. */
const lists: Readonly<Record<string, string>> = {
  'first page': paths.credentials(),
  'search that many match': paths.credentials({ q: 'account' }),
  'search that one in twenty matches': paths.credentials({ q: 'CAFÉ' }),
  'search that one matches': paths.credentials({ q: 'unique' }),
  'search that none matches': paths.credentials({ q: 'nobody has this' }),
  'search by a part of a username': paths.credentials({ q: 'aver_9' }),
  'search by two characters that none has': paths.credentials({ q: 'zq' }),
  'search by one character that none has': paths.credentials({ q: 'ж' }),
  'type of one in twenty': paths.credentials({ type: 's3' }),
  'type of most': paths.credentials({ type: 'basic' }),
  'attention: any': paths.credentials({ attention: 'any' }),
  'attention: refused': paths.credentials({ attention: 'refused' }),
  'attention: destination changed': paths.credentials({ attention: 'moved' }),
  'attention: expired': paths.credentials({ attention: 'expired' }),
  'attention: expires in 30 days': paths.credentials({ attention: 'expiring' }),
  'attention: unused for 90 days': paths.credentials({ attention: 'unused' }),
  'attention: weak TLS': paths.credentials({ attention: 'weak-tls' }),
  'sorted by last use': paths.credentials({ sort: 'used' }),
  'sorted by newest': paths.credentials({ sort: 'created' }),
  'sorted by expiry': paths.credentials({ sort: 'expires' }),
}

/** Lists of credentials in a large organization against the same lists in a small one. */
export const credentialsSize: Measurement = {
  name: 'credentials-size',
  title: `a page of the credentials of someone who has ${large.own} of ${large.all.toLocaleString('en')} ÷ the same with ${small.own} in all; median of ${rounds} requests each, in turns`,
  minutes: 25,
  async measure(bench) {
    const [few, many] = [await organization(bench, small), await organization(bench, large)]
    const figures: Figure[] = []
    const pairs = Object.entries(lists)
    for (const [what, path] of [...pairs, await lastPage(many)]) {
      const { before, after } = await inTurns(few, many, path)
      figures.push(atMost(what, after / before, 1.5, ''), noted(`${what}, in the large one`, after, ' ms'))
    }
    return figures
  },
}

type Organization = { readonly address: string; readonly cookie: string }
type Size = { readonly all: number; readonly own: number }

async function organization(bench: Workbench, size: Size): Promise<Organization> {
  const directory = bench.folder()
  const keyward = await startKeyward(bench, directory)
  const cookie = await setUp(keyward)
  const { ownerUrl } = await databaseOf(directory)
  await withClient(ownerUrl, (client) => fillOrganization(client, size))
  return { address: keyward.address, cookie }
}

/** Where the pages behind the first lead to: a page from the middle of the list, by its cursor. */
async function lastPage(many: Organization): Promise<readonly [string, string]> {
  let path = paths.credentials()
  for (let page = 0; page < 10; page++) {
    const text = await read(many, path)
    const [, next] = text.match(/href="([^"]*after=[^"]*)" rel="next"/) ?? []
    if (next === undefined) throw new Error('The list ended before its tenth page.')
    path = next.replaceAll('&amp;', '&')
  }
  return ['eleventh page', path]
}

async function inTurns(few: Organization, many: Organization, path: string) {
  const times: { few: number[]; many: number[] } = { few: [], many: [] }
  for (let round = -3; round < rounds; round++) {
    const [one, other] = [await timeOf(few, path), await timeOf(many, path)]
    // The first ones warm both up.
    if (round < 0) continue
    times.few.push(one)
    times.many.push(other)
  }
  return { before: median(times.few), after: median(times.many) }
}

async function timeOf(where: Organization, path: string): Promise<number> {
  const begun = performance.now()
  await read(where, path)
  return performance.now() - begun
}

async function read({ address, cookie }: Organization, path: string): Promise<string> {
  const answer = await fetch(address + path, { headers: { Cookie: cookie } })
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}.`)
  return answer.text()
}
