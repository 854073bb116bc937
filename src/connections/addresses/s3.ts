import { AddressRefused, filled, optionOf, type Reading, readAuthority, without } from './reading.ts'

/** Reads `s3://bucket/prefix`. Keys in it are dropped. */
export function readS3(text: string): Reading {
  const { host, port, path, username, password, options } = readAuthority(text)
  if (host === '' || port !== '')
    throw new AddressRefused('That address names no bucket. Write it as s3://bucket/prefix.')
  const region = optionOf(options, 'region')
  return {
    driver: 's3',
    parameters: filled({ ...amazon(region), region, bucket: host, prefix: path }),
    ...nobody,
    rest: without(options, 'region'),
    dropped: username !== '' || password !== '',
  }
}

/** Reads the `http(s)://` address of a bucket, at Amazon or at a service that is compatible. Keys and signatures are dropped. */
export function readS3Endpoint(scheme: string, text: string): Reading {
  const { host, port, path, username, password, options } = readAuthority(text)
  const [, inHost, region] = amazonHost.exec(host) ?? []
  const [first = '', ...others] = path.split('/')
  const bucket = inHost ?? first
  const prefix = inHost === undefined ? others.join('/') : path
  const endpoint = inHost === undefined ? host : host.slice(inHost.length + 1)
  return {
    driver: 's3',
    parameters: filled({
      host: endpoint,
      port,
      region,
      bucket,
      prefix,
      tls: scheme === 'http' ? 'disable' : 'verify-full',
    }),
    ...nobody,
    rest: options,
    dropped: username !== '' || password !== '',
  }
}

/** Reports whether an `http(s)://` address is one of Amazon's S3, by its host. */
export function isAmazonS3(text: string): boolean {
  return amazonHost.test(/^\/\/(?:[^/?#]*@)?([^/?#:]*)/.exec(text)?.[1] ?? '')
}

/** `s3.region.amazonaws.com`, with or without a bucket before it. */
const amazonHost = /^(?:(.+)\.)?s3(?:[.-]([a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com$/i

const nobody = { username: '', password: '' }

function amazon(region: string) {
  return /^[a-z0-9-]+$/.test(region) ? { host: `s3.${region}.amazonaws.com` } : {}
}
