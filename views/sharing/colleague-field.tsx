import { TextField } from '../ui/text-field.tsx'

/** The field for the address of whom to share with. */
export function ColleagueField(props: { value: string; error: string | undefined }) {
  return (
    <TextField
      name="email"
      label="E-mail"
      type="email"
      hint="The one they sign in to Keyward with. They are in your organization."
      value={props.value}
      error={props.error}
      maximumLength={254}
    />
  )
}
