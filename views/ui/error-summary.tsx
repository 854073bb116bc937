import { fieldId } from './field-frame.tsx'

/** One problem with a form: the name of its field, or null where it is about the whole form. */
export type FormError = { readonly field: string | null; readonly message: string }

/** The list of what to mend, on top of a form, focused when the page opens. Renders nothing without errors. */
export function ErrorSummary(props: { errors: readonly FormError[]; title?: string }) {
  if (props.errors.length === 0) return null
  return (
    <div class="error-summary" id="error-summary" role="alert" tabindex={-1} autofocus>
      <h2>{props.title ?? 'There is a problem'}</h2>
      <ul>
        {props.errors.map((error) => (
          <li>{error.field === null ? error.message : <a href={`#${fieldId(error.field)}`}>{error.message}</a>}</li>
        ))}
      </ul>
    </div>
  )
}
