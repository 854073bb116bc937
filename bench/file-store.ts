import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// A store that speaks as much of S3 as fetching one file needs: every path is the file that is named as the argument.

const [, , file = ''] = process.argv
const { size, mtime } = statSync(file)

const server = createServer((request, response) => {
  const headers = { 'Content-Length': size, 'Last-Modified': mtime.toUTCString(), ETag: '"measured"' }
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', ...headers })
  if (request.method === 'HEAD') response.end()
  else createReadStream(file, { highWaterMark: 2 ** 18 }).pipe(response)
})
server.listen(0, '127.0.0.1', () => console.log(`listening on ${(server.address() as AddressInfo).port}`))
