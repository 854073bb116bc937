import { paths } from '../../src/paths.ts'
import type { DatasetBeside } from '../../src/schedules/beside.ts'
import type { SchedulePageData } from '../../src/schedules/queries.ts'
import { Notice } from '../ui/notice.tsx'
import { ruleInWords } from './words.ts'

/** What a schedule means for a dynamic dataset, and which datasets hold its snapshots already. */
export function Beside({ data: { dataset, beside } }: { data: SchedulePageData }) {
  return (
    <>
      <Notice title="A dynamic dataset has nothing to refresh.">
        Its rows are read at each look, and nothing of them is stored. To keep them as they are at certain times, save a
        schedule here: it makes a dataset beside this one, with a snapshot now and another at each run.{' '}
        <a href={paths.dataset(dataset.id)}>{dataset.name}</a> stays as it is.
      </Notice>
      {beside.length === 0 ? null : (
        <>
          <p>Datasets with snapshots of the same rows</p>
          <ul>
            {beside.map((one) => (
              <li>
                <BesideLine one={one} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

function BesideLine({ one: { id, name, schedule } }: { one: DatasetBeside }) {
  if (schedule === null) {
    return (
      <>
        <a href={paths.dataset(id)}>{name}</a>: not refreshed by itself
      </>
    )
  }
  const { rule, timeZone, state } = schedule
  return (
    <>
      <a href={paths.datasetSchedule(id)}>{name}</a>: {ruleInWords(rule)} ({timeZone})
      {state === 'active' ? '' : `, ${state}`}
    </>
  )
}
