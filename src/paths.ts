/**
 * Every address of Keyward. Views, redirects and tests call these; no other file spells a path.
 * Ids are UUIDs and safe as they are; anything typed goes through `query`.
 */
export const paths = {
  home: () => '/',
  setup: (token?: string) => query('/setup', { token }),
  login: (next?: string) => query('/login', { next }),
  logout: () => '/logout',
  up: () => '/up',
  ready: () => '/ready',

  credentials: (search: CredentialSearch = {}) => query('/credentials', search),
  newCredential: (prefill: { connection?: string; type?: string } = {}) => query('/credentials/new', prefill),
  credential: (id: string, search: CredentialSearch = {}) => query(`/credentials/${id}`, search),
  editCredential: (id: string) => `/credentials/${id}/edit`,
  provenEdit: (id: string, editId: string) => `/credentials/${id}/proven-edits/${editId}`,
  provenEditTrials: (id: string, editId: string) => `/credentials/${id}/proven-edits/${editId}/trials`,
  provenEditApplication: (id: string, editId: string) => `/credentials/${id}/proven-edits/${editId}/application`,
  provenEditSplit: (id: string, editId: string) => `/credentials/${id}/proven-edits/${editId}/split`,
  provenEditDiscarding: (id: string, editId: string) => `/credentials/${id}/proven-edits/${editId}/discarding`,
  credentialDeletion: (id: string) => `/credentials/${id}/deletion`,
  credentialHistory: (id: string, search: HistorySearch = {}) => query(`/credentials/${id}/history`, search),
  credentialHistoryCsv: (id: string, kind: string) => query(`/credentials/${id}/history.csv`, { kind }),
  credentialRestoration: (id: string, version: number) => `/credentials/${id}/versions/${version}/restoration`,
  credentialSharing: (id: string) => `/credentials/${id}/sharing`,
  credentialShareRemoval: (id: string, userId: string) => `/credentials/${id}/sharing/${userId}/removal`,
  sharedCredentials: (search: { after?: string } = {}) => query('/credentials/shared', search),
  sharedCredentialReturn: (id: string) => `/credentials/shared/${id}/return`,
  credentialExpiry: (id: string) => `/credentials/${id}/expiry`,
  maintenance: (id: string) => `/credentials/${id}/maintenance`,
  maintenanceEnd: (id: string) => `/credentials/${id}/maintenance/end`,
  bulk: () => '/credentials/bulk',
  bulkJob: (id: string) => `/credentials/bulk/${id}`,
  bulkCancellation: (id: string) => `/credentials/bulk/${id}/cancellation`,
  newAssociation: (id: string) => `/credentials/${id}/associations/new`,
  lastAssociation: (id: string) => `/credentials/${id}/last-association`,
  associationRemoval: (id: string, connectionId: string) => `/credentials/${id}/associations/${connectionId}/removal`,
  associationDefault: (id: string, connectionId: string) => `/credentials/${id}/associations/${connectionId}/default`,
  associationConfirmation: (id: string, connectionId: string) =>
    `/credentials/${id}/associations/${connectionId}/confirmation`,

  connections: (search: { q?: string; after?: string } = {}) => query('/connections', search),
  newConnection: (search: { driver?: string; q?: string } = {}) => query('/connections/new', search),
  connection: (id: string) => `/connections/${id}`,
  editConnection: (id: string) => `/connections/${id}/edit`,
  connectionDeletion: (id: string) => `/connections/${id}/deletion`,
  connectionCredentials: (id: string) => `/connections/${id}/credentials`,
  newConnectionCredential: (id: string) => `/connections/${id}/credentials/new`,
  connectionHealth: (id: string) => `/connections/${id}/health`,
  connectionDatasets: (id: string) => `/connections/${id}/datasets`,
  connectionSharing: (id: string) => `/connections/${id}/sharing`,
  connectionShareRole: (id: string, userId: string) => `/connections/${id}/sharing/${userId}/role`,
  connectionShareRemoval: (id: string, userId: string) => `/connections/${id}/sharing/${userId}/removal`,
  connectionActivity: (id: string, search: { before?: string } = {}) => query(`/connections/${id}/activity`, search),
  signIns: (connectionId: string, search: { account?: string; different?: string; type?: string } = {}) =>
    query(`/connections/${connectionId}/sign-ins/new`, search),
  signIn: (connectionId: string, id: string) => `/connections/${connectionId}/sign-ins/${id}`,

  catalog: (search: CatalogSearch = {}) => query('/catalog', search),
  /** The steps of adding data: connection → account → what. All in one address, so that the back button works. */
  addData: (step: AddData = {}) => query('/catalog/add', step),
  addition: (id: string) => `/catalog/additions/${id}`,
  additionCancellation: (id: string) => `/catalog/additions/${id}/cancellation`,
  deletedDatasets: () => '/catalog/deleted',
  dataset: (id: string) => `/catalog/${id}`,
  editDataset: (id: string) => `/catalog/${id}/edit`,
  datasetLook: (id: string, search: { account?: 'choose' | 'different'; type?: string } = {}) =>
    query(`/catalog/${id}/look`, search),
  datasetSnapshot: (id: string, search: { account?: 'different'; type?: string } = {}) =>
    query(`/catalog/${id}/snapshot`, search),
  datasetSharing: (id: string) => `/catalog/${id}/sharing`,
  datasetShareRole: (id: string, userId: string) => `/catalog/${id}/sharing/${userId}/role`,
  datasetShareRemoval: (id: string, userId: string) => `/catalog/${id}/sharing/${userId}/removal`,
  datasetRestoration: (id: string) => `/catalog/${id}/restoration`,
  datasetErasure: (id: string) => `/catalog/${id}/erasure`,
  datasetPreview: (id: string, version: number, page = 1) => query(`/catalog/${id}/versions/${version}/rows`, { page }),
  datasetDownload: (id: string, version: number, format: 'parquet' | 'csv' | 'jsonl') =>
    `/catalog/${id}/versions/${version}/data.${format}`,
  datasetCancellation: (id: string, version: number) => `/catalog/${id}/versions/${version}/cancellation`,
  datasetVersionDeletion: (id: string, version: number) => `/catalog/${id}/versions/${version}/deletion`,
  datasetDeletion: (id: string) => `/catalog/${id}/deletion`,
  datasetSchedule: (id: string) => `/catalog/${id}/schedule`,
  datasetSchedulePause: (id: string) => `/catalog/${id}/schedule/pause`,
  datasetScheduleResumption: (id: string) => `/catalog/${id}/schedule/resumption`,
  datasetScheduleRuns: (id: string) => `/catalog/${id}/schedule/runs`,
  datasetScheduleDeletion: (id: string) => `/catalog/${id}/schedule/deletion`,
  datasetProfile: (id: string, version: number, page?: number) =>
    query(`/catalog/${id}/versions/${version}/profile`, { page }),
  datasetProfileCancellation: (id: string, version: number) =>
    `/catalog/${id}/versions/${version}/profile/cancellation`,
  datasetComparison: (id: string, compared: Compared = {}) => query(`/catalog/${id}/comparison`, compared),
  datasetComparisonCancellation: (id: string, compared: Compared) =>
    query(`/catalog/${id}/comparison/cancellation`, compared),
  combine: () => '/catalog/combine',
  newCombination: (id: string) => `/catalog/${id}/combination`,
  newDatasetVersion: (id: string, search: { account?: 'different'; type?: string } = {}) =>
    query(`/catalog/${id}/versions/new`, search),

  search: (text?: string) => query('/search', { q: text }),
  notifications: (search: { after?: string } = {}) => query('/notifications', search),
  notificationReading: (id: string) => `/notifications/${id}/reading`,
  notificationsReading: () => '/notifications/reading',
  notificationChoices: () => '/account/notifications',
  activity: (search: { before?: string } = {}) => query('/activity', search),
  features: () => '/admin/features',
  egress: () => '/admin/egress',
  storage: () => '/admin/storage',
  users: () => '/admin/users',
  newUser: () => '/admin/users/new',
  userDisabling: (id: string) => `/admin/users/${id}/disabling`,
  userEnabling: (id: string) => `/admin/users/${id}/enabling`,
  ownPassword: () => '/account/password',
  diagnoses: () => '/help/diagnosis',
  diagnosisHelp: (code: string) => `/help/diagnosis/${code}`,
  asset: (name: string) => `/assets/${name}`,
} as const

/** `select` is `yes` where each row has a checkbox. */
export type CredentialSearch = {
  q?: string
  type?: string
  attention?: string
  sort?: string
  after?: string
  select?: string
}
/** `tag` is the key of one; `show` is whose, or which kind. */
export type CatalogSearch = { q?: string; tag?: string; show?: string; sort?: string; after?: string }
/** `before` is where a page of entries continues, `versions` where one of versions does. */
export type HistorySearch = { kind?: string; before?: string; versions?: string }
/** Two versions by number, and the column that tells their rows apart. */
export type Compared = { from?: number; to?: number; key?: string }
export type AddData = { connection?: string; account?: string; type?: string; schema?: string; as?: 'tables' | 'query' }

function query(path: string, parameters: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') search.set(name, String(value))
  }
  return search.size === 0 ? path : `${path}?${search}`
}
