import { Actions, Button } from '../ui/button.tsx'
import { Form } from '../ui/form.tsx'
import { TextField } from '../ui/text-field.tsx'

/** The folded form that takes an address instead of its fields. It never shows the address again: it may hold a password. */
export function PasteAddress(props: { action: string; example: string; problem: string | null }) {
  return (
    <details class="more" open={props.problem !== null}>
      <summary>Paste an address instead</summary>
      <Form action={props.action} hidden={{ intent: 'paste' }} label="Paste an address">
        <TextField
          name="address"
          label="Address"
          hint={`For example ${props.example}. It is taken apart into the fields and not kept.`}
          error={props.problem ?? undefined}
          maximumLength={4000}
          monospace
        />
        <Actions>
          <Button variant="secondary">Fill in the fields</Button>
        </Actions>
      </Form>
    </details>
  )
}
