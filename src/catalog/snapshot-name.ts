/** Returns what the snapshot of a dynamic dataset is called, which is a dataset beside it. */
export function snapshotName(name: string): string {
  return [...`Snapshot of ${name}`].slice(0, 100).join('')
}
