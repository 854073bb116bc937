import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Certificate, type Certificates, makeCertificates } from './certificates.ts'
import { provide } from './provision.ts'

/** An nginx on 127.0.0.1 with a port for each certificate it may show, and one without TLS. */
export type Nginx = {
  readonly certificates: Certificates
  readonly ports: Readonly<Record<'good' | 'selfSigned' | 'wrongHost' | 'expired' | 'plain', number>>
  close(): Promise<void>
}

export type NginxOptions = {
  /** By path under the root; below `basic/` they want `ada` and her password, below `bearer/` the token. */
  readonly files?: Readonly<Record<string, string | Buffer>>
  readonly password?: string
  /** Those it shows; some of its own where they are not given. */
  readonly certificates?: Certificates | undefined
  readonly token?: string
  /** Where everything that is not a file of its own is passed on to, as is. */
  readonly upstream?: number
  /** Directives of the server, such as locations that redirect; `$port` is its own. */
  readonly locations?: string
}

/** Starts one; undefined, with a printed reason, where nginx or OpenSSL is missing. */
export async function startNginx(options: NginxOptions): Promise<Nginx | undefined> {
  const program = provide('nginx')
  if (program === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'keyward-nginx-'))
  const certificates = options.certificates ?? makeCertificates(folder)
  if (certificates === undefined) return undefined
  for (const [path, content] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(folder, 'root', path)), { recursive: true })
    writeFileSync(join(folder, 'root', path), content)
  }
  const [good = 0, selfSigned = 0, wrongHost = 0, expired = 0, plain = 0] = await freePorts(5)
  const ports = { good, selfSigned, wrongHost, expired, plain }
  writeFileSync(join(folder, 'passwords'), `ada:{PLAIN}${options.password}\n`)
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, certificates, ports, options))
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], { stdio: 'ignore' })
  await Promise.all(Object.values(ports).map(untilAnswered))
  return {
    certificates,
    ports,
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(
  folder: string,
  certificates: Certificates,
  ports: Nginx['ports'],
  { token, upstream, locations = '' }: NginxOptions,
): string {
  const pass = `location / { proxy_pass http://127.0.0.1:${upstream}; proxy_set_header Host $http_host; proxy_buffering off; }`
  const inside = `root ${folder}/root;
    location /basic/ { auth_basic "files"; auth_basic_user_file ${folder}/passwords; }
    location /bearer/ { if ($may_read = 0) { return 401; } }
    ${upstream === undefined ? '' : pass}`
  const server = (port: number, certificate?: Certificate) => `server {
    listen 127.0.0.1:${port}${certificate === undefined ? '' : ' ssl'}; server_name _;
    ${certificate === undefined ? '' : showing(folder, port, certificate)}
    ${inside} ${locations.replaceAll('$port', String(port))} }`
  return `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; master_process off; pid ${folder}/nginx.pid;
  events { worker_connections 256; }
  http { access_log off; default_type application/octet-stream; client_body_temp_path ${folder}/body;
    proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
    map $http_authorization $may_read { default 0; "Bearer ${token}" 1; }
    ${server(ports.good, certificates.good)} ${server(ports.selfSigned, certificates.selfSigned)}
    ${server(ports.wrongHost, certificates.wrongHost)} ${server(ports.expired, certificates.expired)} ${server(ports.plain)} }`
}

function showing(folder: string, port: number, { certificate, key }: Certificate): string {
  writeFileSync(join(folder, `${port}.crt`), certificate)
  writeFileSync(join(folder, `${port}.key`), key)
  return `ssl_certificate ${folder}/${port}.crt; ssl_certificate_key ${folder}/${port}.key;`
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    [...Array(count)].map(
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

async function untilAnswered(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (answered) return
    await sleep(50)
  }
  throw new Error('nginx did not begin to answer.')
}
