import ipaddr from 'ipaddr.js'
import { type Address, classify, isIPv4, parseAddress } from './address.ts'
import { parseHost, withoutTrailingDot } from './host.ts'

/** Where connections may go. Plain data: it is sent to the workers, which judge by it. */
export type EgressPolicy = {
  readonly deployment: 'self-managed' | 'managed'
  readonly allow: readonly EgressRule[]
  readonly deny: readonly EgressRule[]
}

/** One entry of EGRESS_ALLOW or EGRESS_DENY. `ports` null is every port. */
export type EgressRule = (
  | { readonly kind: 'any' }
  /** In CIDR notation. */
  | { readonly kind: 'range'; readonly range: string }
  /** A whole name, or `.example.com` for every name below example.com. */
  | { readonly kind: 'name'; readonly name: string }
) & { readonly ports: readonly [from: number, to: number] | null }

export type ParsedPolicy = { readonly policy: EgressPolicy; readonly problems: readonly string[] }

/**
 * Reads EGRESS_ALLOW and EGRESS_DENY: entries separated by commas or spaces, each an address, a CIDR range, a name, a
 * pattern `*.example.com`, or `*`, and each optionally with `:port` or `:from-to` (IPv6 then in brackets).
 * Every entry that cannot be read is a problem, as a sentence; a policy with problems must not be used.
 */
export function parsePolicy(deployment: EgressPolicy['deployment'], allowText: string, denyText: string): ParsedPolicy {
  const problems: string[] = []
  const read = (setting: string, text: string) =>
    text
      .split(/[\s,]+/)
      .filter((entry) => entry !== '')
      .flatMap((entry) => {
        const rule = parseRule(entry)
        if (rule === undefined) problems.push(`${setting} has "${entry.slice(0, 100)}", ${unreadable}`)
        return rule ?? []
      })
  const allow = read('EGRESS_ALLOW', allowText)
  if (allow.some((rule) => rule.kind === 'any' && rule.ports === null)) {
    problems.push('EGRESS_ALLOW has "*", which would open this machine itself. List the addresses that are needed.')
  }
  return { policy: { deployment, allow, deny: read('EGRESS_DENY', denyText) }, problems }
}

const unreadable =
  'which is not an address, a range or a name. Write it as 10.1.2.3, 10.0.0.0/8, db.example.com, *.example.com or [fd00::1]:5432.'

/**
 * Decides before anything is looked up: false where the name or the port is denied outright. True still needs
 * `mayDial` for every address.
 */
export function mayResolve(policy: EgressPolicy, host: string, port: number): boolean {
  const name = withoutTrailingDot(host)
  return !policy.deny.some((rule) => rule.kind !== 'range' && !isCatchAll(rule) && matches(rule, name, undefined, port))
}

/** Decides whether a connection to `host` may go to one of its addresses. Whatever is not understood may not. */
export function mayDial(policy: EgressPolicy, host: string, addressText: string, port: number): boolean {
  const address = parseAddress(addressText)
  if (address === undefined) return false
  const name = withoutTrailingDot(host)
  const addressClass = classify(address)
  if (addressClass === 'never') return false
  if (policy.deny.some((rule) => !isCatchAll(rule) && matches(rule, name, address, port))) return false
  const allowed = policy.allow.filter((rule) => matches(rule, name, address, port))
  if (addressClass === 'loopback' || addressClass === 'listed') return allowed.some(isExplicit)
  if (allowed.length > 0) return true
  if (policy.deny.some((rule) => isCatchAll(rule) && matches(rule, name, address, port))) return false
  return addressClass === 'public' || policy.deployment === 'self-managed'
}

/** `*` in the deny list refuses what is not in the allow list; every other denial wins over the allow list. */
function isCatchAll(rule: EgressRule): boolean {
  return rule.kind === 'any' && rule.ports === null
}

/** Whoever controls a zone chooses its addresses, so a pattern or a port alone never opens this machine itself. */
function isExplicit(rule: EgressRule): boolean {
  return rule.kind === 'range' || (rule.kind === 'name' && !rule.name.startsWith('.'))
}

function matches(rule: EgressRule, name: string, address: Address | undefined, port: number): boolean {
  if (rule.ports !== null && (port < rule.ports[0] || port > rule.ports[1])) return false
  if (rule.kind === 'any') return true
  if (rule.kind === 'name') return rule.name.startsWith('.') ? name.endsWith(rule.name) : name === rule.name
  return address !== undefined && isWithin(address, rule.range)
}

function isWithin(address: Address, range: string): boolean {
  const parsed = ipaddr.parseCIDR(range)
  if (isIPv4(address)) return parsed[0].kind() === 'ipv4' && address.match(parsed as [ipaddr.IPv4, number])
  return parsed[0].kind() === 'ipv6' && address.match(parsed as [ipaddr.IPv6, number])
}

function parseRule(entry: string): EgressRule | undefined {
  const { target, ports } = splitPorts(entry)
  if (ports === undefined) return undefined
  if (target === '*' || target === '') return { kind: 'any', ports }
  const range = parseRange(target)
  if (range !== undefined) return { kind: 'range', range, ports }
  const pattern = target.startsWith('*.') ? target.slice(1) : undefined
  const name = parseHost(pattern?.slice(1) ?? target)
  if (name === undefined || name.includes(':')) return undefined
  return { kind: 'name', name: `${pattern === undefined ? '' : '.'}${withoutTrailingDot(name)}`, ports }
}

/** `ports` is null where the entry names none, and undefined where it names something else. */
function splitPorts(entry: string): { target: string; ports: EgressRule['ports'] | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(entry)
  if (bracketed !== null) return { target: bracketed[1] ?? '', ports: parsePorts(bracketed[2]) }
  const single = /^([^:]*):([^:]*)$/.exec(entry)
  if (single !== null) return { target: single[1] ?? '', ports: parsePorts(single[2]) }
  return { target: entry, ports: null }
}

function parsePorts(text: string | undefined): EgressRule['ports'] | undefined {
  if (text === undefined) return null
  const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  if (found === null) return undefined
  const from = Number(found[1])
  const to = Number(found[2] ?? found[1])
  return from >= 1 && from <= to && to <= 65_535 ? [from, to] : undefined
}

function parseRange(text: string): string | undefined {
  const [address = '', length] = text.split('/')
  const plain = parseAddress(address)
  if (plain === undefined) return undefined
  // A range is about the packets that leave, so it is written as the family they leave by.
  if (length === undefined) return `${plain.toString()}/${isIPv4(plain) ? 32 : 128}`
  return ipaddr.isValidCIDR(text) && isIPv4(plain) === !address.includes(':') ? text : undefined
}
