import { eq } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import type { Transaction } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { datasetTags } from '../db/schema/dataset-tags.ts'
import { parseName, refuseDescription } from '../names.ts'
import { indexDataset } from '../search/documents.ts'
import { type DatasetResource, findDataset, tagsOf } from './queries.ts'
import { parseTags, type Tag } from './tags.ts'

/** What people say of a dataset, as typed: tags with commas between them. */
export type DatasetWords = { readonly name: string; readonly description: string; readonly tags: string }

export type DescribeOutcome =
  | { readonly ok: true }
  /** Sentences by field: `name`, `description`, `tags`. */
  | { readonly ok: false; readonly reason: 'invalid'; readonly errors: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly reason: 'stale'; readonly current: DatasetWords & { readonly revision: number } }

export type DatasetDescription = ReturnType<typeof createDatasetDescription>

/** The service that changes what people say of a dataset: its name, its description and its tags. */
export function createDatasetDescription(deps: { guard: Guard }) {
  const { guard } = deps
  return {
    /** Saves all three. One that was saved by somebody else since `revision` is left as it is, and comes back. */
    edit(actor: UserActor, id: string, words: DatasetWords & { readonly revision: number }): Promise<DescribeOutcome> {
      return guard.change<DescribeOutcome, DatasetResource>(
        actor,
        'dataset.edit',
        (tx) => findDataset(tx, id, 'update'),
        async ({ tx, note, abandon }, { row }) => {
          const parsed = parseWords(words)
          if (!parsed.ok) return abandon<DescribeOutcome>({ ok: false, reason: 'invalid', errors: parsed.errors })
          if (row.revision !== words.revision) {
            const { name, description, revision } = row
            const current = { name, description, tags: (await tagsOf(tx, id)).join(', '), revision }
            return abandon<DescribeOutcome>({ ok: false, reason: 'stale', current })
          }
          const { name, description, tags } = parsed
          await tx
            .update(datasets)
            .set({ name, description, revision: row.revision + 1 })
            .where(eq(datasets.id, id))
          await replaceTags(tx, id, tags)
          await indexDataset(tx, id)
          note({ renamed: name !== row.name, tags: tags.length })
          return { ok: true }
        },
        { id },
      )
    },
  }
}

type ParsedWords =
  | { readonly ok: true; readonly name: string; readonly description: string; readonly tags: readonly Tag[] }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> }

function parseWords(words: DatasetWords): ParsedWords {
  const name = parseName(words.name, 'Dataset name')
  const tags = parseTags(words.tags)
  const description = words.description.replace(/\r\n?/g, '\n').trim()
  const refused = refuseDescription(description)
  if (name.ok && tags.ok && refused === undefined) return { ok: true, name: name.name, description, tags: tags.tags }
  const errors = {
    ...(name.ok ? {} : { name: name.error }),
    ...(refused === undefined ? {} : { description: refused }),
    ...(tags.ok ? {} : { tags: tags.error }),
  }
  return { ok: false, errors }
}

async function replaceTags(tx: Transaction, datasetId: string, tags: readonly Tag[]): Promise<void> {
  await tx.delete(datasetTags).where(eq(datasetTags.datasetId, datasetId))
  if (tags.length === 0) return
  await tx.insert(datasetTags).values(tags.map(({ tag, key }) => ({ datasetId, tag, tagKey: key })))
}
