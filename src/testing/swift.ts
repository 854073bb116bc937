import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as S3 from '@aws-sdk/client-s3'
import { packageRoot } from '../package-root.ts'
import { provide } from './provision.ts'

/** An OpenStack Swift with its S3 interface, on 127.0.0.1 without TLS. */
export type Swift = {
  readonly port: number
  /** Makes a bucket with these objects in it, as `reader`. */
  fill(bucket: string, objects: Readonly<Record<string, string | Buffer>>): Promise<void>
  put(bucket: string, key: string, body: Buffer): Promise<void>
  remove(bucket: string, key: string): Promise<void>
  /** Begins an upload in parts that nobody ends. */
  beginUpload(bucket: string, key: string): Promise<void>
  /** Names of the objects in a bucket, and of the uploads that have not ended. */
  listAll(bucket: string): Promise<readonly string[]>
  close(): Promise<void>
}

/** The secrets of the accounts `acme:reader`, who may do everything, and `acme:stranger`, who may do nothing. */
export const swiftSecrets = { 'acme:reader': 'reader-secret-7d1f', 'acme:stranger': 'stranger-secret-02ab' } as const

/** Starts one; undefined, with a printed reason, where it is missing. */
export async function startSwift(): Promise<Swift | undefined> {
  if (provide('swift-proxy-server') === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'keyward-swift-'))
  const users = Object.entries(swiftSecrets).map(([name, secret]) => `${name}=${secret}`)
  const script = join(packageRoot(), 'src/testing/swift-server.py')
  const child = spawn('/usr/bin/python3', [script, folder, `${users[0]}:admin`, ...users.slice(1)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())))
    child.once('exit', () => reject(new Error('Swift ended before it began.')))
  })
  const client = new S3.S3Client({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    credentials: { accessKeyId: 'acme:reader', secretAccessKey: swiftSecrets['acme:reader'] },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  return {
    port,
    async fill(bucket, objects) {
      await client.send(new S3.CreateBucketCommand({ Bucket: bucket }))
      for (const [key, body] of Object.entries(objects)) {
        await client.send(new S3.PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
      }
    },
    async put(bucket, key, body) {
      await client.send(new S3.PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
    },
    async remove(bucket, key) {
      await client.send(new S3.DeleteObjectCommand({ Bucket: bucket, Key: key }))
    },
    async beginUpload(bucket, key) {
      await client.send(new S3.CreateMultipartUploadCommand({ Bucket: bucket, Key: key }))
    },
    async listAll(bucket) {
      const { Contents = [] } = await client.send(new S3.ListObjectsV2Command({ Bucket: bucket }))
      const { Uploads = [] } = await client.send(new S3.ListMultipartUploadsCommand({ Bucket: bucket }))
      return [...Contents, ...Uploads].map(({ Key }) => Key ?? '')
    },
    async close() {
      client.destroy()
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
