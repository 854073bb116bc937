import type { LineageInput } from '../../src/catalog/lineage.ts'
import { paths } from '../../src/paths.ts'
import type { SchedulePageData } from '../../src/schedules/queries.ts'

/** What each run of a combined dataset reads, with what is not there any more. */
export function Inputs(props: { inputs: readonly LineageInput[] }) {
  return (
    <>
      {props.inputs.map(({ name, dataset }, index) => (
        <>
          {index === 0 ? '' : ', '}
          {dataset === null ? (
            <>
              <strong>{name}</strong> (deleted, or not shared with you)
            </>
          ) : (
            <a href={paths.dataset(dataset.id)}>{dataset.name}</a>
          )}
        </>
      ))}
    </>
  )
}

/** Says what a run of a combined dataset reads, before there is a schedule; nothing for other datasets. */
export function WhatIsRead({ data: { inputs } }: { data: SchedulePageData }) {
  if (inputs === null) return null
  return (
    <p class="hint">
      Each run reads the latest versions there are then, in your name and without an account: <Inputs inputs={inputs} />
      . Choose a time when they are fresh.
    </p>
  )
}
