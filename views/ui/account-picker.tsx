import type { Child } from 'hono/jsx'
import { Badge } from './badge.tsx'
import type { Hidden } from './form.tsx'

/** A stored credential that can be used here. */
export type Account = {
  readonly id: string
  readonly name: string
  /** Type, username, last sign-in: whatever tells accounts apart. */
  readonly meta?: Child
  readonly isDefault: boolean
}

/**
 * The stored accounts of a connection, default first; choosing one starts the action at once, and
 * **Use different account** leads to typing one. Posts, or asks with GET, the credential's id as `account`.
 */
export function AccountPicker(props: {
  action: string
  method?: 'get' | 'post'
  accounts: readonly Account[]
  /** Where **Use different account** leads. */
  differentHref: string
  hidden?: Hidden
  /** What is chosen for; "Sign in as" unless told. */
  label?: string
  autofocus?: boolean
}) {
  const accounts = [...props.accounts].sort((a, b) => Number(b.isDefault) - Number(a.isDefault))
  return (
    <form
      method={props.method ?? 'post'}
      action={props.action}
      class="account-picker"
      aria-label={props.label ?? 'Sign in as'}
    >
      <p class="subtitle">{props.label ?? 'Sign in as'}</p>
      {Object.entries(props.hidden ?? {}).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <ul>
        {accounts.map((account, index) => (
          <li>
            <AccountButton account={account} autofocus={(props.autofocus ?? true) && index === 0} />
          </li>
        ))}
        <li>
          <a href={props.differentHref} class="account account-different">
            Use different account
          </a>
        </li>
      </ul>
    </form>
  )
}

function AccountButton(props: { account: Account; autofocus: boolean }) {
  const { account } = props
  return (
    <button type="submit" class="account" name="account" value={account.id} autofocus={props.autofocus}>
      <span class="account-name">{account.name}</span>
      {account.meta ? <span class="account-meta">{account.meta}</span> : null}
      {account.isDefault ? <Badge tone="accent">default</Badge> : null}
    </button>
  )
}
