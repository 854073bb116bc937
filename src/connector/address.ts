import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * What an address is, as far as the policy cares:
 * `never` is refused whatever an operator allows; `listed` only where it is listed; `private` by deployment.
 */
export type AddressClass = 'public' | 'private' | 'loopback' | 'listed' | 'never'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * Returns the address that a packet to `text` would reach, an IPv4 address inside an IPv6 one taken out; undefined where
 * it is not a plain address in the standard spelling. Takes no zone id, because it would choose an interface of ours.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.includes('%')) return undefined
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  if (isIP(text) !== 6) return undefined
  const address = ipaddr.IPv6.parse(withoutDots(text))
  return embeddedIn(address) ?? address
}

/** The library reads `::1.2.3.4` as `::ffff:1.2.3.4`, which is another address; in hexadecimal it has no doubt. */
function withoutDots(text: string): string {
  return text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) => {
    const group = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16)
    return `${group(a, b)}:${group(c, d)}`
  })
}

/** Returns the class of an address that `parseAddress` has made. */
export function classify(address: Address): AddressClass {
  if (isIPv4(address)) return classifyV4(address)
  return classifyV6(address)
}

export function isIPv4(address: Address): address is ipaddr.IPv4 {
  return address.kind() === 'ipv4'
}

/** Metadata services outside link-local, and the addresses that mean "no one" or "everyone". */
const neverV4 = ['100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32', '0.0.0.0/8', '255.255.255.255/32'].map(
  (text) => ipaddr.IPv4.parseCIDR(text),
)
/** The metadata services of three clouds. */
const neverV6 = ['fd00:ec2::254/128', 'fd20:ce::254/128', 'fd00:c1::a9fe:a9fe/128'].map((text) =>
  ipaddr.IPv6.parseCIDR(text),
)

function classifyV4(address: ipaddr.IPv4): AddressClass {
  if (neverV4.some((range) => address.match(range))) return 'never'
  const range = address.range()
  if (range === 'unicast') return 'public'
  if (range === 'loopback') return 'loopback'
  if (range === 'private' || range === 'carrierGradeNat') return 'private'
  return ['linkLocal', 'multicast', 'broadcast', 'unspecified'].includes(range) ? 'never' : 'listed'
}

function classifyV6(address: ipaddr.IPv6): AddressClass {
  if (neverV6.some((range) => address.match(range)) || hidesV4(address)) return 'never'
  const range = address.range()
  if (range === 'unicast') return 'public'
  if (range === 'loopback') return 'loopback'
  if (range === 'uniqueLocal') return 'private'
  return ['linkLocal', 'multicast', 'unspecified', 'discard'].includes(range) ? 'never' : 'listed'
}

/** IPv4 inside IPv6 as mapped (::ffff:) or translated by the network (64:ff9b::/96): judged as what it reaches. */
function embeddedIn(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = address.parts
  const mapped = (a | b | c | d | e) === 0 && f === 0xffff
  const translated = a === 0x64 && b === 0xff9b && (c | d | e | f) === 0
  return mapped || translated ? new ipaddr.IPv4([g >> 8, g & 0xff, h >> 8, h & 0xff]) : undefined
}

/** Tunnels and old forms that carry an IPv4 address somewhere else: no data store is reached by them. */
function hidesV4(address: ipaddr.IPv6): boolean {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = address.parts
  const compatible = (a | b | c | d | e | f) === 0 && !(g === 0 && h === 1)
  const translatedElsewhere = (a | b | c | d) === 0 && e === 0xffff && f === 0
  const localTranslation = a === 0x64 && b === 0xff9b
  const sixToFour = a === 0x2002
  const teredo = a === 0x2001 && b === 0
  const isatap = (e === 0 || e === 0x200) && f === 0x5efe
  return compatible || translatedElsewhere || localTranslation || sixToFour || teredo || isatap
}
