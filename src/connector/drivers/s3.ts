import { caField, hostField, portField, tlsField, tlsMode } from '../common-fields.ts'
import type { Destination, Driver, Parameters } from '../driver.ts'

/** Amazon S3 and what speaks its protocol, as it is declared: what a connection needs, and where its secret would go. */
export const s3: Driver = {
  id: 's3',
  label: 'Amazon S3 and compatibles',
  summary: 'CSV, JSON and Parquet files in buckets of Amazon S3, MinIO, Ceph, OpenStack Swift and others',
  defaultPort: 443,
  credentialTypes: ['s3'],
  library: '@aws-sdk/client-s3',
  isVerified: true,
  parameters: [
    {
      ...hostField,
      label: 'Endpoint',
      hint: 'A name such as s3.example.com. Blank is Amazon: s3.REGION.amazonaws.com',
      required: false,
    },
    {
      id: 'region',
      label: 'Region',
      hint: 'Such as eu-central-1. Most stores other than Amazon take us-east-1',
      kind: 'text',
      secret: false,
      required: true,
      fallback: 'us-east-1',
      maximumLength: 40,
    },
    {
      id: 'bucket',
      label: 'Bucket',
      hint: 'Blank lists all buckets, which not every account may',
      kind: 'text',
      secret: false,
      required: false,
      maximumLength: 63,
    },
    {
      id: 'prefix',
      label: 'Folder in the bucket',
      hint: 'Only what is under it is read, such as sales/2026',
      kind: 'text',
      secret: false,
      required: false,
      maximumLength: 500,
    },
    { ...portField(443), advanced: true },
    {
      id: 'addressing',
      label: 'Bucket in addresses',
      kind: 'choice',
      secret: false,
      required: true,
      fallback: 'path',
      maximumLength: 16,
      advanced: true,
      choices: [
        { value: 'path', label: 'In the path, as every store understands' },
        { value: 'host', label: 'In the name of the host, as a few stores insist on' },
      ],
    },
    tlsField,
    caField,
  ],
  destination,
  address,
}

function destination(parameters: Parameters): Destination {
  return {
    driver: 's3',
    host: (parameters.host ?? '').trim().toLowerCase() || amazonHost((parameters.region ?? 'us-east-1').toLowerCase()),
    port: Number(parameters.port ?? 443),
    tls: tlsMode(parameters.tls),
    ca: parameters.ca?.trim() || null,
  }
}

function amazonHost(region: string): string {
  return `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

function address(parameters: Parameters): string {
  const { host, port } = destination(parameters)
  const where = [parameters.bucket ?? '', ...folderOf(parameters).split('/')].filter((part) => part !== '')
  return `s3://${host.includes(':') ? `[${host}]` : host}:${port}/${where.map(encodeURIComponent).join('/')}`
}

/** Returns the folder of a connection as keys begin with it: `sales/2026/`, or nothing. Without a bucket it has none. */
export function folderOf({ bucket, prefix }: Parameters): string {
  const folder = (prefix ?? '').replace(/^\/+|\/+$/g, '')
  return folder === '' || bucket === undefined ? '' : `${folder}/`
}
