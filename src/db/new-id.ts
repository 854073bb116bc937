import { v7 } from 'uuid'

/** Returns a new id: a UUID of version 7, so that rows made together lie together in their index. */
export function newId(): string {
  return v7()
}
