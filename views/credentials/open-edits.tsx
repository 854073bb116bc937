import type { OpenEdit } from '../../src/credentials/proven-edit-queries.ts'
import { paths } from '../../src/paths.ts'
import { Notice } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'

/** Says which edits of a credential are being tried, or wait for a decision. */
export function OpenEdits(props: { credentialId: string; edits: readonly OpenEdit[] }) {
  const { credentialId, edits } = props
  if (edits.length === 0) return null
  return (
    <Notice
      tone="warning"
      title={edits.length === 1 ? 'An edit waits for a decision.' : `${edits.length} edits wait for a decision.`}
    >
      <ul>
        {edits.map((edit) => (
          <li>
            <a href={paths.provenEdit(credentialId, edit.id)}>
              {edit.isTrying ? 'See how it goes' : 'See what it would change'}
            </a>
            : begun <Time at={edit.createdAt} /> by {edit.by}
          </li>
        ))}
      </ul>
    </Notice>
  )
}
