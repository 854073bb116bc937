import type { Child } from 'hono/jsx'
import type { CredentialListing } from '../../src/credentials/listing.ts'
import { paths } from '../../src/paths.ts'
import { searchOf } from '../credentials/search.ts'
import { Actions, Button, ResetButton } from '../ui/button.tsx'
import { CheckboxField } from '../ui/checkbox-field.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'

/** A choice that was not taken: why, and what had been chosen. */
export type RefusedChoice = { readonly error: string; readonly chosen: readonly string[]; readonly all: boolean }

/** The form around a list of credentials, with what can be done to those that are checked. */
export function BulkForm(props: { listing: CredentialListing; refused: RefusedChoice | null; children: Child }) {
  const { listing, refused } = props
  const search = searchOf(listing)
  const narrowed = Boolean(listing.text) || listing.type !== undefined || listing.attention !== undefined
  return (
    <Form action={paths.bulk()} hidden={search} class="bulk" label="Choose several" selection>
      <ErrorSummary errors={refused === null ? [] : [{ field: 'all', message: refused.error }]} />
      {props.children}
      <fieldset>
        <legend>With those selected</legend>
        <p class="hint" role="status" data-selected="" />
        <noscript>
          <p class="hint">Opening an account, or another page of the list, clears what is selected here.</p>
        </noscript>
        <CheckboxField
          name="all"
          label={narrowed ? 'All that match this search' : 'All of my credentials'}
          checked={refused?.all ?? false}
          error={refused?.error}
        />
        <Actions>
          <Button variant="secondary" name="action" value="test" label="Test selected">
            Test
          </Button>
          <Button variant="secondary" name="action" value="expiry" label="Set expiry of selected">
            Set expiry
          </Button>
          <Button variant="secondary" name="action" value="transfer" label="Transfer selected">
            Transfer
          </Button>
          <Button variant="danger" name="action" value="delete" label="Delete selected">
            Delete
          </Button>
          <ResetButton label="Clear selection">Clear</ResetButton>
        </Actions>
      </fieldset>
    </Form>
  )
}
