/** Every table, for the client and for `drizzle-kit`. */
export * from './audit.ts'
export * from './catalog.ts'
export * from './connections.ts'
export * from './credentials.ts'
export * from './keyring.ts'
export * from './organizations.ts'
