import type { BulkAction } from '../../src/bulk/bulk-job.ts'
import { counted } from '../credentials/used-by.ts'

/** Returns what a job does, for its title and its button: "Delete 3 accounts". */
export function jobInWords(action: BulkAction, count: number): string {
  const accounts = counted(count, 'account')
  return action === 'expiry' ? `Set expiry of ${accounts}` : `${verbs[action]} ${accounts}`
}

const verbs = { test: 'Test', delete: 'Delete', transfer: 'Transfer' } as const

/** Returns some names and how many more there are: "a, b and 12 more". */
export function namesInWords({ names, count }: { readonly names: readonly string[]; readonly count: number }): string {
  const more = count - names.length
  return more > 0 ? `${names.join(', ')} and ${more.toLocaleString('en')} more` : names.join(', ')
}
