import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'

/** The start page while nobody has an account yet. */
export function SetupPendingPage() {
  return (
    <div class="narrow">
      <Title>Not set up yet</Title>
      <PageHeader title="Keyward is not set up yet" />
      <p>
        Open the setup address that Keyward printed on its console when it started. It works one time; the next start
        prints another.
      </p>
      <p>
        Or make the first account from a shell of the server with <code>keyward user create --admin</code>.
      </p>
    </div>
  )
}
