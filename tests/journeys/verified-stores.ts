import { startClickHouse } from '../../src/testing/clickhouse.ts'
import { startMariaDbTarget } from '../../src/testing/mariadb-target.ts'
import { startNginx } from '../../src/testing/nginx.ts'
import { startSwift, swiftSecrets } from '../../src/testing/swift.ts'
import { startTarget, targetPassword } from '../../src/testing/target.ts'

/** A data store of a driver that is verified, and what a person types to use it. */
export type VerifiedStore = {
  /** What stands behind the label in the form, by label. */
  readonly fields: Readonly<Record<string, string>>
  /** What is folded under *More settings*. */
  readonly more: Readonly<Record<string, string>>
  /** Its radio buttons that are not as they are at first. */
  readonly choice?: string
  /** The account, by the labels of its type. */
  readonly account: Readonly<Record<string, string>>
  /** Where the table stands that is added to the catalog, and what of it is shown first. */
  readonly schema: string
  readonly table: string
  readonly rows: string
  close(): Promise<void>
}

const account = { Username: 'reader', Password: targetPassword }
const orders = { schema: 'shop', table: 'orders', rows: 'Rows 1 to 20 of 1,000' }

/** How each is started, by the label of its driver; undefined, with a printed reason, where it cannot be had. */
export const verifiedStores: Readonly<Record<string, () => Promise<VerifiedStore | undefined>>> = {
  PostgreSQL: async () => {
    const target = await startTarget()
    const fields = { Host: 'localhost', Port: String(target.port), Database: 'shop' }
    return {
      ...pinned(fields, target.certificates?.authority),
      account,
      ...orders,
      schema: 'public',
      close: target.close,
    }
  },

  MariaDB: async () => {
    const target = await startMariaDbTarget()
    if (target === undefined) return undefined
    const fields = { Host: 'localhost', Port: String(target.port), 'Database (optional)': 'shop' }
    return { ...pinned(fields, target.certificates?.authority), account, ...orders, close: target.close }
  },

  ClickHouse: async () => {
    const target = await startClickHouse()
    if (target === undefined) return undefined
    const fields = { Host: 'localhost', Port: String(target.port), Database: 'shop' }
    return { ...pinned(fields, target.certificates.authority), account, ...orders, close: target.close }
  },

  'Amazon S3 and compatibles': async () => {
    const swift = await startSwift()
    if (swift === undefined) return undefined
    await swift.fill('shop', { 'sales/orders.csv': csv })
    return {
      fields: { 'Endpoint (optional)': 'localhost', 'Bucket (optional)': 'shop' },
      more: { Port: String(swift.port) },
      choice: 'None',
      account: { 'Access key id': 'acme:reader', 'Secret access key': swiftSecrets['acme:reader'] },
      ...{ schema: 'shop/sales/', table: 'orders.csv', rows: 'Rows 1 to 20 of 50' },
      close: swift.close,
    }
  },

  'Files over HTTPS': async () => {
    const nginx = await startNginx({ password: targetPassword, files: { 'basic/orders.csv': csv } })
    if (nginx === undefined) return undefined
    const fields = { Host: 'localhost', Port: String(nginx.ports.good), 'Path of the file': '/basic/orders.csv' }
    return {
      ...pinned(fields, nginx.certificates.authority),
      account: { Username: 'ada', Password: targetPassword },
      ...{ schema: 'localhost', table: 'basic/orders.csv', rows: 'Rows 1 to 20 of 50' },
      close: nginx.close,
    }
  },
}

const csv = `id,name\n${Array.from({ length: 50 }, (_, n) => `${n},Customer ${n}`).join('\n')}\n`

/** The fields, with the authority that has signed what the server shows; without one the server speaks no TLS. */
function pinned(fields: VerifiedStore['fields'], authority: string | undefined) {
  if (authority === undefined) return { fields, more: {}, choice: 'None' }
  return { fields, more: { 'Certificate authority (optional)': authority } }
}
