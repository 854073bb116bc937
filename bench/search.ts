import { withClient } from '../src/db/one-client.ts'
import { paths } from '../src/paths.ts'
import { databaseOf, setUp, startKeyward } from './keyward-process.ts'
import { atMost, type Figure, type Measurement, median, noted } from './measurement.ts'
import { fillSearched, type SearchedSize } from './search-data.ts'
import type { Workbench } from './workbench.ts'

const rounds = 40
const small: SearchedSize = { all: 1_000, seen: 1_000 }
const large: SearchedSize = { all: 100_000, seen: 10_000 }

/** What is looked for, by what the row of the table says. */
const texts: Readonly<Record<string, string>> = {
  'what a third of the names has': 'orders',
  'what one name in twenty has': 'CAFÉ',
  'what one name has': 'unique',
  'what one name is': 'orders 000003',
  'what no name has': 'nobody has this',
  'two characters that many have': 'er',
  'two characters that none has': 'zq',
  'what many columns begin with': 'field_',
  'the end of a column of one dataset': 'own_0',
  'where connections lead': 'db7.example',
  'four hundred characters': 'x'.repeat(400),
}

/** The search in a large organization against the same search in a small one. */
export const search: Measurement = {
  name: 'search',
  title: `a search by someone who sees ${large.seen} of ${large.all.toLocaleString('en')} datasets of 20 columns ÷ the same with ${small.seen} in all; median of ${rounds} requests each, in turns`,
  minutes: 25,
  async measure(bench) {
    const [few, many] = [await organization(bench, small), await organization(bench, large)]
    const figures: Figure[] = []
    for (const [what, text] of Object.entries(texts)) {
      const { before, after } = await inTurns(few, many, paths.search(text))
      figures.push(atMost(what, after / before, 1.5, ''), noted(`${what}, in the large one`, after, ' ms'))
    }
    return figures
  },
}

type Organization = { readonly address: string; readonly cookie: string }

async function organization(bench: Workbench, size: SearchedSize): Promise<Organization> {
  const directory = bench.folder()
  const keyward = await startKeyward(bench, directory)
  const cookie = await setUp(keyward)
  const { ownerUrl } = await databaseOf(directory)
  await withClient(ownerUrl, (client) => fillSearched(client, size))
  return { address: keyward.address, cookie }
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

async function timeOf({ address, cookie }: Organization, path: string): Promise<number> {
  const begun = performance.now()
  const answer = await fetch(address + path, { headers: { Cookie: cookie } })
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}.`)
  await answer.text()
  return performance.now() - begun
}
