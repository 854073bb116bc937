import type { Diagnosis, Rung, RungName } from '../../src/connector/driver.ts'
import { paths } from '../../src/paths.ts'

const rungLabels: Record<RungName, string> = {
  policy: 'Policy',
  dns: 'DNS',
  tcp: 'TCP',
  tls: 'TLS',
  authentication: 'Authentication',
  database: 'Database',
  read: 'Read',
}

const stateLabels: Record<Rung['state'], string> = {
  passed: 'Passed',
  failed: 'Failed',
  'not reached': 'Not reached',
  'not applicable': 'Not applicable',
}

/** How far a sign-in climbed: every rung with its state and time, and on the failed one the next step. */
export function DiagnosisLadder(props: {
  diagnosis: Diagnosis
  label?: string
  /** False on the page that the link of the failed rung would lead to. */
  linksHelp?: boolean
}) {
  return (
    <ol class="ladder" aria-label={props.label ?? 'Diagnosis'}>
      {props.diagnosis.map((rung) => (
        <LadderRung rung={rung} linksHelp={props.linksHelp ?? true} />
      ))}
    </ol>
  )
}

function LadderRung(props: { rung: Rung; linksHelp: boolean }) {
  const { rung } = props
  const explained = props.linksHelp && rung.state === 'failed' ? rung.code : null
  return (
    <li class={`rung rung-${rung.state.replace(' ', '-')}`}>
      <span class="rung-name">{rungLabels[rung.name]}</span>
      <span class="rung-state">{stateLabels[rung.state]}</span>
      <span class="rung-time">{rung.milliseconds === null ? '' : milliseconds(rung.milliseconds)}</span>
      <div class="rung-words">
        {rung.sentence === '' ? null : <p>{rung.sentence}</p>}
        {rung.nextStep === null ? null : <p class="next-step">{rung.nextStep}</p>}
        {explained === null ? null : (
          <p>
            <a href={paths.diagnosisHelp(explained)}>What this means</a>
          </p>
        )}
        {rung.detail === null ? null : (
          <details>
            <summary>What the server said</summary>
            <pre>{rung.detail}</pre>
          </details>
        )}
      </div>
    </li>
  )
}

function milliseconds(value: number): string {
  if (value < 1) return 'under 1 ms'
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`
}
