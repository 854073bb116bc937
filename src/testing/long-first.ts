import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes more than a minute, the one that mostly waits before the others, then the longest first. */
const long = [
  'tests/schedules/storm.test.ts',
  'tests/journeys/accessibility.test.ts',
  'tests/journeys/catalog.test.ts',
  'tests/start/main.test.ts',
  'tests/journeys/datasets.test.ts',
  'tests/canaries/canaries.test.ts',
  'tests/journeys/verified-stores.test.ts',
  'src/catalog/killed-imports.test.ts',
]

/**
 * The order of files: what takes longest begins, so that it does not run alone at the end. Where nothing is remembered of
 * an earlier run, as after a checkout, the others go by the size of their files, which says little about these.
 */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => long.findIndex((file) => moduleId.endsWith(file)) + 1 || 99
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => place(a) - place(b))
  }
}
