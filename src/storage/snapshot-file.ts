/** Returns the name that a version's file has, relative to the store. */
export function snapshotFile(organizationId: string, versionId: string): string {
  return `${organizationId}/${versionId}.sealed`
}

/** Returns the name that a version's file had before snapshots were sealed: a plain Parquet file. */
export function plainSnapshotFile(organizationId: string, versionId: string): string {
  return `${organizationId}/${versionId}.parquet`
}

/** Reports whether `file` is a name that one of the two above makes. */
export function isSnapshotFile(file: string): boolean {
  return new RegExp(`^${uuid}/${uuid}\\.(sealed|parquet)$`).test(file)
}

/** Reports whether a snapshot's file of that name is sealed. */
export function isSealed(file: string): boolean {
  return file.endsWith('.sealed')
}

/**
 * Returns the snapshot's file that something in a store is, or was left beside by an import of it (`….sealed.partial`);
 * undefined for what none of our names is. `folder` is the organization's.
 */
export function snapshotOf(folder: string, name: string): string | undefined {
  const [, file] = new RegExp(`^(${uuid}\\.(?:sealed|parquet))(?:\\.[a-z]+)?$`).exec(name) ?? []
  return file === undefined || !new RegExp(`^${uuid}$`).test(folder) ? undefined : `${folder}/${file}`
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
