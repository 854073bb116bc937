import type { DatasetDetail, VersionDetail } from '../../src/catalog/queries.ts'
import { paths } from '../../src/paths.ts'
import { FormButton } from '../ui/form.tsx'
import { Section } from '../ui/page-header.tsx'
import { Progress } from '../ui/progress.tsx'
import { bytesInWords, durationInWords, rowsInWords } from './words.ts'

/** A version that is being made: how far it is, and **Cancel**. */
export function RunningVersion(props: { dataset: DatasetDetail; version: VersionDetail; now: Date }) {
  const { version, dataset } = props
  return (
    <Section title={`Version ${version.number}`} id="progress">
      <Progress label={`Progress of version ${version.number}`} words={progressInWords(version, props.now)} />
      {version.cancelling || dataset.role === 'consumer' ? null : (
        <FormButton action={paths.datasetCancellation(dataset.id, version.number)} label="Cancel this snapshot">
          Cancel
        </FormButton>
      )}
    </Section>
  )
}

/** As much of a version as tells how far it is. */
type Going = Pick<VersionDetail, 'cancelling' | 'status' | 'startedAt' | 'rows' | 'bytes'>

/** Returns for example "120,000 rows, 5.2 MB read in 4 s: 30,000 rows, 1.3 MB a second." */
export function progressInWords(version: Going, now: Date): string {
  if (version.cancelling) return 'Cancelling…'
  if (version.status === 'queued' || version.startedAt === null) return 'Waiting for its turn.'
  const elapsed = now.getTime() - version.startedAt.getTime()
  if (version.rows === 0 && version.bytes === 0)
    return `Waiting for the first rows, ${durationInWords(elapsed)} so far.`
  const read = `${rowsInWords(version.rows)}, ${bytesInWords(version.bytes)} read in ${durationInWords(elapsed)}`
  if (elapsed < 1000 || version.rows === 0) return `${read}.`
  const perSecond = (value: number) => Math.round((value * 1000) / elapsed)
  return `${read}: ${rowsInWords(perSecond(version.rows))}, ${bytesInWords(perSecond(version.bytes))} a second.`
}
