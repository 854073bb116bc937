import type { Diagnosis } from '../../src/connector/driver.ts'
import { DiagnosisLadder } from '../ui/diagnosis-ladder.tsx'
import { Notice } from '../ui/notice.tsx'

/** Why a data store gave nothing: the failed rung in words, with the whole ladder under it. */
export function Refused(props: { diagnosis: Diagnosis; title?: string }) {
  const failed = props.diagnosis.find((rung) => rung.state === 'failed')
  return (
    <section class="section" aria-label="Diagnosis">
      <Notice tone="danger" title={props.title ?? failed?.sentence ?? 'The data store gave no answer.'}>
        {[props.title === undefined ? null : failed?.sentence, failed?.nextStep].filter(Boolean).join(' ')}
      </Notice>
      <DiagnosisLadder diagnosis={props.diagnosis} />
    </section>
  )
}
