import { caField, hostField, portField, tlsField, tlsMode } from '../common-fields.ts'
import type { Destination, Driver, Parameters } from '../driver.ts'

/** MySQL, as it is declared: what a connection needs, and where its secret would go. */
export const mysql: Driver = declare({
  id: 'mysql',
  label: 'MySQL',
  summary: 'MySQL 5.7 and later, and services that speak its protocol',
  isVerified: false,
})

/** MariaDB, as it is declared. It is talked to like MySQL. */
export const mariadb: Driver = declare({
  id: 'mariadb',
  label: 'MariaDB',
  summary: 'MariaDB 10.3 and later',
  isVerified: true,
})

function declare(own: Pick<Driver, 'id' | 'label' | 'summary' | 'isVerified'>): Driver {
  return {
    ...own,
    defaultPort: 3306,
    credentialTypes: ['basic'],
    library: null,
    parameters: [
      hostField,
      portField(3306),
      {
        id: 'database',
        label: 'Database',
        hint: 'Left empty, every database that the account may use can be chosen from',
        kind: 'text',
        secret: false,
        required: false,
        maximumLength: 64,
      },
      tlsField,
      caField,
    ],
    destination: (parameters) => destination(own.id, parameters),
    address: (parameters) => address(own.id, parameters),
  }
}

function destination(driver: string, parameters: Parameters): Destination {
  return {
    driver,
    host: (parameters.host ?? '').trim().toLowerCase(),
    port: Number(parameters.port ?? 3306),
    tls: tlsMode(parameters.tls),
    ca: parameters.ca?.trim() || null,
  }
}

function address(driver: string, parameters: Parameters): string {
  const { host, port } = destination(driver, parameters)
  const database = encodeURIComponent(parameters.database ?? '')
  return `${driver}://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
}
