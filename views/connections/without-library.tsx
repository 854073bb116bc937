import type { MissingLibrary } from '../../src/connector/libraries.ts'
import { Notice } from '../ui/notice.tsx'

/** Says that a driver cannot be used here, and what makes it usable. */
export function WithoutLibrary(props: { label: string; missing: MissingLibrary }) {
  const { label, missing } = props
  return (
    <Notice tone="warning" title={`Keyward cannot use ${label} here`}>
      <p>
        The library {missing.name} is not installed. An administrator runs this in Keyward’s folder, then starts it
        again:
      </p>
      <pre>{missing.command}</pre>
    </Notice>
  )
}
