import { type Diagnosis, type DiagnosisCode, type Rung, type RungName, rungNames } from './driver.ts'

export type FailureCode = Exclude<DiagnosisCode, 'ok'>

/** What a failed rung says beyond its code. */
export type RefusalText = {
  /** What happened, where more can be said than the code's own sentence. */
  readonly sentence?: string
  readonly nextStep?: string
  /** What the target said, raw; whoever builds the rung makes it safe. */
  readonly detail?: string
}

/**
 * Thrown inside a worker where a rung fails; `current` is the first one that has not been climbed. Its message is the
 * sentence for people, never the target's own words.
 */
export class Refusal extends Error {
  readonly rung: RungName | 'current'
  readonly code: FailureCode
  readonly text: RefusalText
  constructor(rung: RungName | 'current', code: FailureCode, text: RefusalText = {}) {
    super(text.sentence ?? explanations[code].sentence)
    this.rung = rung
    this.code = code
    this.text = text
  }
}

/** What each code means to a person, and what to do about it; docs/diagnosis.md is the long form. */
export const explanations: Readonly<Record<FailureCode, { readonly sentence: string; readonly nextStep: string }>> = {
  'policy.refused': {
    sentence: 'Connections to this destination are not allowed here.',
    nextStep: 'Check the host. If it is right, ask an administrator to add it to EGRESS_ALLOW.',
  },
  'dns.not_found': {
    sentence: 'This host has no address.',
    nextStep: 'Check the spelling of the host, and that its name can be looked up from where Keyward runs.',
  },
  'tcp.refused': {
    sentence: 'Nothing listens on this port.',
    nextStep: 'Check the port, and that the server is running and accepts connections from other machines.',
  },
  'tcp.timeout': {
    sentence: 'The connection was not answered in time.',
    nextStep: 'Check the host and port, and that no firewall stands between Keyward and the server.',
  },
  'tls.untrusted': {
    sentence: 'The certificate of the server is not signed by an authority that is trusted here.',
    nextStep: 'Paste the certificate of the authority that signed it into "Certificate authority".',
  },
  'tls.hostname': {
    sentence: 'The certificate of the server is for another name.',
    nextStep: 'Connect by a name that the certificate lists, or have the certificate issued for this host.',
  },
  'tls.expired': {
    sentence: 'The certificate of the server has expired.',
    nextStep: 'Have the certificate renewed by whoever runs the server.',
  },
  'tls.not_offered': {
    sentence: 'The server does not offer encryption.',
    nextStep: 'Have TLS turned on at the server, or choose "None" knowing that everything can then be read on the way.',
  },
  'auth.refused': {
    sentence: 'The server refused this username and password.',
    nextStep: 'Check both. A server says the same for a wrong password, an unknown user and an expired one.',
  },
  'auth.method_refused': {
    sentence: 'The server wants the password in a way that would give it away.',
    nextStep: 'Choose verified TLS, or have the server use SCRAM (scram-sha-256).',
  },
  'auth.expired': {
    sentence: 'The password of this account has expired on the server.',
    nextStep: 'Have it renewed on the server, then change it here.',
  },
  'auth.locked': {
    sentence: 'This account may not sign in to the server.',
    nextStep: 'Ask whoever runs the server to unlock it (in PostgreSQL: ALTER ROLE … LOGIN).',
  },
  'db.not_found': {
    sentence: 'The server has no database of this name.',
    nextStep: 'Check the name of the database.',
  },
  'db.denied': {
    sentence: 'This account may not connect to this database.',
    nextStep: 'Have CONNECT on the database granted to this account.',
  },
  'read.denied': {
    sentence: 'This account may sign in, but not read.',
    nextStep: 'Have SELECT on the tables it needs, and USAGE on their schemas, granted to this account.',
  },
  'protocol.unexpected': {
    sentence: 'What answers there does not speak the language of this data store.',
    nextStep: 'Check host and port: another kind of server may be listening there.',
  },
  'limit.exceeded': {
    sentence: 'It took longer, or brought more, than one use may.',
    nextStep: 'Try again; if it happens again, ask for less at once or have the limit raised.',
  },
  internal: {
    sentence: 'Something went wrong inside Keyward.',
    nextStep: 'Try again; if it happens again, give the request id to an administrator.',
  },
}

/** A rung that was climbed, as a worker reports it. */
export type ClimbedRung = Pick<Rung, 'name' | 'milliseconds' | 'sentence'> & {
  readonly state: 'passed' | 'not applicable'
}

/** A rung that failed, made safe to show. */
export type FailedRung = {
  readonly name: RungName
  readonly code: FailureCode
  readonly milliseconds: number | null
  readonly sentence: string
  readonly nextStep: string
  readonly detail: string | null
}

/** Returns all seven rungs from those that were climbed and the one that failed, if one did. */
export function ladder(climbed: readonly ClimbedRung[], failed?: FailedRung): Diagnosis {
  const failedAt = failed === undefined ? rungNames.length : rungNames.indexOf(failed.name)
  return rungNames.map((name, place) => {
    if (failed !== undefined && place === failedAt) return { ...failed, state: 'failed' }
    const rung = place < failedAt ? climbed.find((one) => one.name === name) : undefined
    if (rung !== undefined) return climbedRung(rung)
    if (failed !== undefined && place < failedAt && climbed.length > 0) return skipped(name)
    return { name, state: 'not reached', milliseconds: null, code: null, sentence: '', nextStep: null, detail: null }
  })
}

/** Returns the first rung that has not been climbed: where a worker was when it ended without a word. */
export function nextRung(climbed: readonly ClimbedRung[]): RungName {
  return rungNames.find((name) => !climbed.some((one) => one.name === name)) ?? 'read'
}

/** Returns a failed rung in the words of its code, where nothing more is known. */
export function failedRung(name: RungName, code: FailureCode, text: RefusalText = {}): FailedRung {
  const { sentence, nextStep } = { ...explanations[code], ...text }
  return { name, code, milliseconds: null, sentence, nextStep, detail: null }
}

function climbedRung(rung: ClimbedRung): Rung {
  const code = rung.state === 'passed' ? 'ok' : null
  return { ...rung, code, nextStep: null, detail: null }
}

/** The server refused a later rung before this one came up. */
function skipped(name: RungName): Rung {
  const sentence = 'The server refused before this came up.'
  return { name, state: 'not applicable', milliseconds: null, code: null, sentence, nextStep: null, detail: null }
}
