import { networkInterfaces } from 'node:os'
import { parseAddress } from './address.ts'
import { type Resolve, systemResolve } from './egress.ts'
import { type EgressPolicy, type EgressRule, mayDial, mayResolve } from './egress-policy.ts'
import { parseHost, withoutTrailingDot } from './host.ts'

export { type EgressPolicy, parsePolicy } from './egress-policy.ts'

/** What a policy means, a sentence for each thing. */
export type Outlook = {
  readonly allowed: readonly string[]
  readonly refused: readonly string[]
  /** What no setting can allow. */
  readonly never: readonly string[]
}

/** Says in sentences what a policy allows and refuses. */
export function outlookOf({ deployment, allow, deny }: EgressPolicy): Outlook {
  const isClosed = deny.some((rule) => rule.kind === 'any' && rule.ports === null)
  const isManaged = deployment === 'managed'
  const open = isManaged ? 'Every public address.' : 'Every public address, and private networks such as 10.0.0.0/8.'
  const closed = isManaged ? ['Private networks, because this is a managed installation.'] : []
  const listed = allow.map((rule) => `${ruleText(rule)}, by EGRESS_ALLOW.`)
  const denied = deny.map((rule) => `${ruleText(rule)}, by EGRESS_DENY.`)
  return {
    allowed: isClosed ? listed : [open, ...listed],
    refused: [
      ...(isClosed ? ['Everything that EGRESS_ALLOW does not list, because EGRESS_DENY is "*".'] : closed),
      ...(isClosed ? denied.filter((text) => !text.startsWith('Every host,')) : denied),
      'This machine itself (localhost, 127.0.0.0/8, ::1) and reserved ranges, unless EGRESS_ALLOW lists them by address or name.',
    ],
    never: [
      'The metadata services of clouds, such as 169.254.169.254 and 168.63.129.16.',
      'Link-local addresses: 169.254.0.0/16 and fe80::/10.',
      'Multicast, broadcast and unspecified addresses.',
      'Any of these written in another way, or carried inside an IPv6 address.',
      'Sockets and files of this machine.',
    ],
  }
}

function ruleText(rule: EgressRule): string {
  const where =
    rule.kind === 'any'
      ? 'Every host'
      : rule.kind === 'range'
        ? rule.range.replace(/\/(?:32|128)$/, '')
        : rule.name.startsWith('.')
          ? `Every name below ${rule.name.slice(1)}`
          : rule.name
  if (rule.ports === null) return where
  const [from, to] = rule.ports
  return `${where}, ${from === to ? `port ${from}` : `ports ${from} to ${to}`}`
}

/** Whether one host and port would be allowed, as a sentence. Nothing is dialled. */
export type Verdict = { readonly allowed: boolean; readonly sentence: string }

/**
 * Judges as the dialer does, and stops before it would dial. A name that is denied outright is not even looked up, and a
 * refusal does not name the addresses that were found.
 */
export async function judge(
  policy: EgressPolicy,
  text: string,
  port: number,
  resolve: Resolve = systemResolve,
): Promise<Verdict> {
  const host = parseHost(text)
  if (host === undefined) return refused('That is not a host, so nothing would be dialled.')
  if (!mayResolve(policy, host, port)) return refused(`${host} on port ${port} is refused by EGRESS_DENY.`)
  const bare = withoutTrailingDot(host)
  const addresses = parseAddress(bare) === undefined ? await lookUp(resolve, host) : [bare]
  if (addresses.length === 0) return refused(`${host} is refused nowhere, but no address is known for it here.`)
  if (addresses.every((address) => mayDial(policy, host, address, port))) {
    return { allowed: true, sentence: `${host} on port ${port} is allowed. Nothing was dialled.` }
  }
  return refused(`${host} on port ${port} is refused, because of an address that it has or is.`)
}

/** Nobody waits longer for a name server that does not answer. */
const lookUpMilliseconds = 5_000

async function lookUp(resolve: Resolve, host: string): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<readonly string[]>((end) => {
    timer = setTimeout(() => end([]), lookUpMilliseconds)
  })
  return Promise.race([resolve(host).catch(() => []), late]).finally(() => clearTimeout(timer))
}

function refused(sentence: string): Verdict {
  return { allowed: false, sentence }
}

/** Returns the addresses of this machine that connections may come from, link-local ones and loopback aside. */
export function ownAddresses(interfaces = networkInterfaces()): string[] {
  const found = Object.values(interfaces).flatMap((addresses) => addresses ?? [])
  const seen = found.filter(({ internal, address }) => !internal && !/^(?:fe80:|169\.254\.)/i.test(address))
  return [...new Set(seen.map(({ address }) => address))]
}
