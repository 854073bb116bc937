import type { Person } from '../../src/access/people.ts'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Section } from '../ui/page-header.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { Time } from '../ui/time.tsx'
import { roleNames } from './role-field.tsx'

/** Where the pages are on which one thing is shared. */
export type SharingPaths = {
  readonly sharing: string
  role(userId: string): string
  removal(userId: string): string
}

type PeopleProps = {
  readonly people: readonly Person[]
  readonly ownId: string
  readonly isOwner: boolean
  readonly at: SharingPaths
  /** What whose it was from the beginning did: "added the connection". */
  readonly began: string
  /** The sentence for when there is nobody else. */
  readonly nobody: string
}

/** Who may work with a thing and, for its owners, what they can change about each. */
export function People(props: PeopleProps) {
  return (
    <Section title="People">
      <RelationList label="People">
        {props.people.map((person) => (
          <PersonRow {...props} person={person} />
        ))}
      </RelationList>
      {props.people.length > 1 ? null : (
        <EmptyState level={3} title="Not shared yet">
          {props.nobody}
        </EmptyState>
      )}
    </Section>
  )
}

type PersonProps = Omit<PeopleProps, 'people' | 'nobody'> & { readonly person: Person }

function PersonRow(props: PersonProps) {
  const { userId, name, email, role, since, isFirst, disabled } = props.person
  return (
    <Relation
      name={name}
      badges={
        <>
          {userId === props.ownId ? <Badge tone="accent">you</Badge> : null}
          {disabled ? <Badge tone="warning">disabled</Badge> : null}
        </>
      }
      actions={isFirst ? null : <PersonActions {...props} />}
    >
      <p class="relation-line">
        {roleNames[role]} · {email} ·{' '}
        {since === null ? (
          props.began
        ) : (
          <>
            since <Time at={since} />
          </>
        )}
      </p>
    </Relation>
  )
}

function PersonActions({ person, ownId, isOwner, at }: PersonProps) {
  const { userId, name } = person
  const isOwn = userId === ownId
  return (
    <>
      {isOwner ? (
        <LinkButton href={at.role(userId)}>
          Change role<span class="visually-hidden"> of {name}</span>
        </LinkButton>
      ) : null}
      {isOwn || isOwner ? (
        <LinkButton href={at.removal(userId)} variant="danger">
          {isOwn ? 'Leave' : 'Remove'}
          {isOwn ? null : <span class="visually-hidden"> {name}</span>}
        </LinkButton>
      ) : null}
    </>
  )
}
