import type { Diagnosis } from '../../src/connector/driver.ts'
import type { CredentialType } from '../../src/credentials/credential-type.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { DiagnosisLadder } from '../ui/diagnosis-ladder.tsx'
import type { FormError } from '../ui/error-summary.tsx'
import { SpecFields } from '../ui/spec-field.tsx'
import { TextField } from '../ui/text-field.tsx'

/** What a credential form holds: as typed or as stored, secrets aside. */
export type AccountForm = {
  readonly name: string
  readonly description: string
  readonly values: Readonly<Record<string, string>>
  readonly errors?: Readonly<Record<string, string>>
  /** What the target said when it refused; then *Save without signing in* is offered. */
  readonly refusal?: Diagnosis
}

/** The account name with the type's fields. With `stored`, blank fields keep what is sealed. */
export function AccountFields(props: { type: CredentialType; form: AccountForm; stored: boolean }) {
  const { type, form, stored } = props
  return (
    <>
      <TextField
        name="name"
        label="Account name"
        value={form.name}
        error={form.errors?.name}
        maximumLength={100}
        autofocus={form.errors === undefined && form.refusal === undefined}
      />
      <SpecFields
        specs={type.fields}
        values={form.values}
        errors={form.errors ?? {}}
        stored={stored ? type.fields.map((field) => field.id).filter((id) => id !== type.usernameField) : []}
      />
      <TextField
        name="description"
        label="Description"
        value={form.description}
        error={form.errors?.description}
        maximumLength={500}
        optional
      />
    </>
  )
}

/** The buttons under a credential form. `savesWithout` offers to store what has not proven itself. */
export function SaveButtons(props: { savesWithout: boolean; cancelHref: string }) {
  return (
    <Actions>
      <Button>Save and sign in</Button>
      {props.savesWithout ? (
        <Button variant="secondary" name="intent" value="save">
          Save without signing in
        </Button>
      ) : null}
      <CancelLink href={props.cancelHref} />
    </Actions>
  )
}

/** What the target said before anything was stored. */
export function Refusal(props: { form: AccountForm; connectionName: string | null }) {
  if (props.form.refusal === undefined) return null
  return (
    <section class="section" aria-label="Diagnosis">
      <h2>Nothing was saved: the sign-in {props.connectionName === null ? '' : `to ${props.connectionName} `}failed</h2>
      <DiagnosisLadder diagnosis={props.form.refusal} />
    </section>
  )
}

/** The problems of a credential form for its summary, in the order of its fields. */
export function accountErrors(type: CredentialType, form: AccountForm): readonly FormError[] {
  const order = ['name', ...type.fields.map((field) => field.id), 'description', 'connection']
  const errors = order.flatMap((field) => {
    const message = form.errors?.[field]
    return message === undefined ? [] : [{ field, message }]
  })
  const failed = form.refusal?.find((rung) => rung.state === 'failed')
  if (failed === undefined) return errors
  const secret = type.fields.find((field) => field.secret)
  const again = `Type the ${secret === undefined ? 'secret' : inSentence(secret.label)} again: it was not kept.`
  return [...errors, { field: null, message: failed.sentence }, { field: secret?.id ?? null, message: again }]
}

/** Reports whether the form of a type takes files, so that it must be sent in parts. */
export function hasFiles(type: CredentialType): boolean {
  return type.fields.some((field) => field.secret && field.kind === 'multiline')
}

/** `API token` keeps its capitals. */
function inSentence(label: string): string {
  return /^.[A-Z]/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1)
}
