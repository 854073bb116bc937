import { explanations, type FailureCode, failedRung, ladder } from './diagnosis.ts'
import { type Diagnosis, diagnosisCodes, type RungName, rungNames } from './driver.ts'

/** What a person reads about one diagnosis code. docs/diagnosis.md is the same in a line each. */
export type DiagnosisHelp = {
  readonly code: FailureCode
  /** What happened, in the words of the ladder. */
  readonly title: string
  /** What that means, in a few sentences. */
  readonly meaning: string
  /** The usual causes, the commonest first. */
  readonly causes: readonly string[]
  /** What to do, in order. */
  readonly steps: readonly string[]
  /** What is different in some data stores. */
  readonly stores: readonly { readonly name: string; readonly text: string }[]
  /** A ladder that ends in this code. */
  readonly example: Diagnosis
}

/** Every code that a failed rung can carry, in the order of the ladder. */
export const failureCodes: readonly FailureCode[] = diagnosisCodes.filter((code) => code !== 'ok')

/** Returns the help on a code; undefined where there is no such code. */
export function diagnosisHelp(text: string): DiagnosisHelp | undefined {
  const code = failureCodes.find((one) => one === text)
  if (code === undefined) return undefined
  const { rung, stores = [], ...words } = texts[code]
  return { code, title: explanations[code].sentence, ...words, stores, example: exampleOf(code, rung) }
}

function exampleOf(code: FailureCode, failed: RungName): Diagnosis {
  const before = rungNames.slice(0, rungNames.indexOf(failed))
  const climbed = before.map((name, place) => ({
    name,
    state: 'passed' as const,
    milliseconds: place * 2,
    sentence: passed[name],
  }))
  return ladder(climbed, failedRung(failed, code))
}

const passed: Readonly<Record<RungName, string>> = {
  policy: 'This destination is allowed here.',
  dns: 'db.example.com has an address.',
  tcp: 'Something answers on port 5432.',
  tls: 'The server proved who it is.',
  authentication: 'The server knows this account and its password.',
  database: 'The database is open to this account.',
  read: 'A row of a table could be read.',
}

type Text = Pick<DiagnosisHelp, 'meaning' | 'causes' | 'steps'> & {
  readonly rung: RungName
  readonly stores?: DiagnosisHelp['stores']
}

const texts: Readonly<Record<FailureCode, Text>> = {
  'policy.refused': {
    rung: 'policy',
    meaning:
      'Keyward did not try to connect. The rules of this installation do not allow this host or port, or an address that the host has. It says the same whatever is there, so that nobody can find out what is inside a network.',
    causes: [
      'The host is this machine itself (localhost, 127.0.0.1), which is refused unless it is listed.',
      'The host is in a private network, and this is a managed installation.',
      'The host, its network or the port is on the list of what is refused.',
      'The destination changed after the account was associated or typed, and its owner has not confirmed it. Then the sentence says so.',
    ],
    steps: [
      'Check the host and the port for a mistake in typing.',
      'Ask an administrator to look at "Outgoing connections", which says what is allowed and answers for one host and port.',
      'Where it should be allowed, an administrator starts Keyward again with it in EGRESS_ALLOW: for a data store on the same machine "EGRESS_ALLOW=localhost npm start".',
    ],
  },
  'dns.not_found': {
    rung: 'dns',
    meaning: 'The name of the host was looked up, and nobody knows an address for it. Nothing was sent.',
    causes: [
      'The name is misspelled, or is one that only works inside another network.',
      'The server was removed, or its name has changed.',
      'The machine that runs Keyward uses another name server than yours.',
    ],
    steps: [
      'Check the spelling, and that the name is the whole one: db.example.com, not db.',
      'Look the name up on the machine that runs Keyward.',
      'Use the address instead of the name, knowing that a certificate may not fit it.',
    ],
    stores: [
      { name: 'Snowflake', text: 'The account is part of the name of the host: check its organization and region.' },
    ],
  },
  'tcp.refused': {
    rung: 'tcp',
    meaning: 'The machine is there and said that nothing listens on this port, or there is no way to it from here.',
    causes: [
      'The port is another one.',
      'The server is not running, or is starting.',
      'The server listens only to its own machine.',
      'A firewall answers in place of the server.',
    ],
    steps: [
      'Check the port.',
      'Check on the server that it runs and to which addresses it listens.',
      'Have connections from the addresses of Keyward accepted; an administrator finds them under "Outgoing connections".',
    ],
    stores: [
      { name: 'PostgreSQL', text: 'listen_addresses decides; a new installation listens to localhost alone.' },
      { name: 'MySQL and MariaDB', text: 'bind-address decides, and skip-networking turns it off altogether.' },
      {
        name: 'SQL Server',
        text: 'TCP/IP must be on for the instance; a named one usually has another port than 1433.',
      },
    ],
  },
  'tcp.timeout': {
    rung: 'tcp',
    meaning: 'Nobody answered: neither yes nor no. That is what a firewall looks like which drops packets.',
    causes: [
      'A firewall or a security group does not let Keyward through.',
      'The server is in a network that cannot be reached from here without a VPN.',
      'The machine is switched off, or its address has changed.',
    ],
    steps: [
      'Have the addresses of Keyward allowed on the other side; an administrator finds them under "Outgoing connections".',
      'Check host and port.',
      'Try the same from another machine in the network of Keyward.',
    ],
  },
  'tls.not_offered': {
    rung: 'tls',
    meaning:
      'The connection wants encryption and the server has none. Keyward never goes on without it in silence, so no password was sent.',
    causes: [
      'TLS is not turned on at the server.',
      'The port is that of the unencrypted variant of the service.',
      'Where HTTPS should be spoken, another kind of server listens.',
    ],
    steps: [
      'Have TLS turned on at the server.',
      'Where that cannot be, choose "None" in the encryption of the connection, knowing that everything can be read on the way.',
    ],
    stores: [
      { name: 'PostgreSQL', text: 'ssl = on with a certificate and its key in postgresql.conf.' },
      { name: 'ClickHouse', text: 'HTTPS usually has the port 8443, HTTP the port 8123.' },
    ],
  },
  'tls.untrusted': {
    rung: 'tls',
    meaning:
      'The server showed a certificate that no authority vouches for which is trusted here. It may be the right server, or someone who poses as it. No password was sent.',
    causes: [
      'The certificate was signed by an authority of your own organization.',
      'The certificate is self-signed.',
      'The server does not send the certificates between its own and the authority.',
      'Someone stands between Keyward and the server.',
    ],
    steps: [
      'Get the certificate of the authority from whoever runs the server.',
      'Paste it into "Certificate authority" under "More settings" of the connection.',
      'Do not choose encryption without proof instead, unless you know the network in between.',
    ],
    stores: [
      {
        name: 'Amazon RDS and Redshift',
        text: 'The authority is in the bundle of certificates that Amazon publishes.',
      },
      {
        name: 'SQL Server',
        text: 'Without a certificate it makes one up at each start, which nobody can verify: give it one of an authority.',
      },
    ],
  },
  'tls.hostname': {
    rung: 'tls',
    meaning: 'The certificate is good, but for other names than the one this connection uses. No password was sent.',
    causes: [
      'The connection uses an address or a short name, and the certificate lists the full name.',
      'A name was added to the server and not to its certificate.',
      'The name leads to another server.',
    ],
    steps: ['Use a name that the certificate lists.', 'Or have the certificate issued again with this name in it.'],
  },
  'tls.expired': {
    rung: 'tls',
    meaning: 'The certificate of the server is no longer valid, or not yet. No password was sent.',
    causes: [
      'The certificate was not renewed in time.',
      'It was renewed, and the server was not told to load the new one.',
      'The clock of one of the two machines is wrong.',
    ],
    steps: ['Have the certificate renewed and loaded.', 'Check the clock of the machine that runs Keyward.'],
  },
  'auth.refused': {
    rung: 'authentication',
    meaning:
      'The server did not let this account in. Most servers say the same for a wrong password, an unknown user and an expired one, so that nobody can find out which users there are.',
    causes: [
      'The password is wrong, or was changed on the server.',
      'The username is wrong; on some servers capitals count.',
      'The server does not admit this account from the address of Keyward, or not without encryption. Then the sentence says so.',
    ],
    steps: [
      'Check username and password, without spaces before or after.',
      'Sign in with another program and the same account.',
      'Do not try many times: the server may lock the account. Keyward stops scheduled uses by itself.',
    ],
    stores: [
      {
        name: 'PostgreSQL',
        text: 'pg_hba.conf decides who is admitted from where; the log of the server says why it refused.',
      },
      { name: 'MySQL and MariaDB', text: 'An account belongs to a host: user@% is another one than user@localhost.' },
      {
        name: 'SQL Server',
        text: 'Logins with a password need mixed mode; accounts of a Windows domain or of Entra ID are not taken.',
      },
      { name: 'S3', text: 'The key is unknown, or the clock of one of the machines is more than some minutes off.' },
    ],
  },
  'auth.method_refused': {
    rung: 'authentication',
    meaning:
      'The server asked for the password in a way that would give it away, or in one that Keyward does not know. Nothing was sent.',
    causes: [
      'The server wants the password in the clear, or as MD5, and the connection is not verified.',
      'The server asks for far more rounds of computing than an honest one does.',
      'The account signs in with Kerberos, a certificate or another way without a password.',
    ],
    steps: [
      'Choose verified TLS for the connection.',
      'Have the server use a modern way to check passwords.',
      'If neither explains it, check the host: another server may be posing as yours.',
    ],
    stores: [
      { name: 'PostgreSQL', text: 'password_encryption = scram-sha-256, then set the password again.' },
      { name: 'MySQL', text: 'caching_sha2_password needs verified TLS for a first sign-in.' },
      { name: 'SQL Server', text: 'It always wants the password itself: only verified TLS will do.' },
    ],
  },
  'auth.expired': {
    rung: 'authentication',
    meaning:
      'The server refused the account, and had said before that its password would have ended by now, or says so itself.',
    causes: ['The password has a date on which it ends, and that has passed.'],
    steps: [
      'Have the password renewed on the server.',
      'Edit the credentials here; every connection that uses them gets the new one.',
    ],
    stores: [
      { name: 'PostgreSQL', text: 'ALTER ROLE … VALID UNTIL; the server itself does not say that it was this.' },
      { name: 'MySQL and MariaDB', text: 'ALTER USER … IDENTIFIED BY; the server says that the password has expired.' },
      { name: 'SQL Server', text: 'ALTER LOGIN … WITH PASSWORD; the server says that the password has expired.' },
    ],
  },
  'auth.locked': {
    rung: 'authentication',
    meaning: 'The server knows the account and does not let it in at present.',
    causes: [
      'The account was locked by an administrator of the server.',
      'Too many wrong passwords locked it.',
      'The account is a group that cannot sign in.',
    ],
    steps: ['Ask whoever runs the server to unlock it.', 'Find out which program keeps trying an old password.'],
    stores: [
      { name: 'PostgreSQL', text: 'ALTER ROLE … LOGIN.' },
      { name: 'MySQL and MariaDB', text: 'ALTER USER … ACCOUNT UNLOCK.' },
      { name: 'SQL Server', text: 'ALTER LOGIN … ENABLE, or … WITH PASSWORD = … UNLOCK.' },
    ],
  },
  'db.not_found': {
    rung: 'database',
    meaning: 'The account is right, and the server has no database of this name.',
    causes: [
      'The name is misspelled; on some servers capitals count.',
      'The database is on another server.',
      'It was renamed or dropped.',
    ],
    steps: [
      'Check the name of the database in the connection.',
      'List the databases on the server with another program.',
    ],
    stores: [
      { name: 'SQL Server', text: 'It says the same where the database is offline, or not open to this account.' },
      { name: 'S3', text: 'The bucket does not exist, or is in another region.' },
    ],
  },
  'db.denied': {
    rung: 'database',
    meaning: 'The account is right, and may not open this database; or the database takes no connections.',
    causes: [
      'The account was not granted the right to connect.',
      'The database is a template, or closed for maintenance.',
    ],
    steps: ['Have the right to connect granted to the account.', 'Choose another database.'],
    stores: [
      { name: 'PostgreSQL', text: 'GRANT CONNECT ON DATABASE … TO ….' },
      { name: 'MySQL and MariaDB', text: 'Any right on the database, such as GRANT SELECT ON sales.* TO ….' },
      { name: 'SQL Server', text: 'CREATE USER … FOR LOGIN … in the database.' },
    ],
  },
  'read.denied': {
    rung: 'read',
    meaning:
      'The account signed in, and what it asked for could not be read: it has no right to, it is not there, or the query is wrong or would change something.',
    causes: [
      'The account has no right to read the table or its schema.',
      'The table or column does not exist, or under another name.',
      'The query has a mistake, or would write. Keyward only reads.',
    ],
    steps: [
      'Read the sentence: it says which of these it was.',
      'Have the right to read granted, or correct the query at the place that the server names.',
    ],
    stores: [
      { name: 'PostgreSQL', text: 'GRANT USAGE ON SCHEMA … and GRANT SELECT ON ALL TABLES IN SCHEMA … TO ….' },
      { name: 'SQL Server', text: 'ALTER ROLE db_datareader ADD MEMBER …, or GRANT SELECT ON SCHEMA::… TO ….' },
      { name: 'S3', text: 's3:ListBucket on the bucket and s3:GetObject on its objects.' },
    ],
  },
  'protocol.unexpected': {
    rung: 'authentication',
    meaning:
      'Something answered that does not speak as this kind of data store does, ended the connection, or could not prove that it knows the password.',
    causes: [
      'Another kind of server listens on this port.',
      'A proxy or a load balancer in between has no server to pass on to.',
      'The server was restarted at that moment.',
      'Another server poses as yours.',
    ],
    steps: ['Check host and port.', 'Try again.', 'Look into the log of the server for the time of the sign-in.'],
    stores: [
      {
        name: 'SQL Server',
        text: 'Strict encryption (TDS 8) is not spoken yet. Azure SQL that redirects must be set to the policy Proxy.',
      },
    ],
  },
  'limit.exceeded': {
    rung: 'read',
    meaning:
      'It took longer, or brought more, than one use may; or the server is full, starting or stopping; or it was cancelled.',
    causes: [
      'The query reads a lot before its first row.',
      'The server accepted the connection and then did not answer.',
      'The server has as many connections as it takes.',
    ],
    steps: [
      'Try again in a moment.',
      'Ask for less: fewer columns, a filter, a row limit.',
      'Have the limit of connections, or the load, looked at on the server.',
    ],
  },
  internal: {
    rung: 'policy',
    meaning: 'Keyward itself could not do its part. It says nothing about the server.',
    causes: [
      'A library that this data store needs is not installed. Then the sentence says so.',
      'A mistake in Keyward.',
    ],
    steps: ['Try again.', 'Tell an administrator when it happened; the log has a line about it.'],
  },
}
