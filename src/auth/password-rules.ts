import type { Secret } from '../secrets/secret.ts'

/** While the password is the only factor. */
const minimumCharacters = 15
/** More is refused before anything is computed from it. */
export const maximumCharacters = 1024
const maximumBytes = maximumCharacters * 4
/** Guessing beyond this many characters adds nothing to the verdict and costs time. */
const judgedCharacters = 100

/**
 * Returns why a password may not be used, or null. `about` is what an attacker tries first: name, e-mail, organization.
 * There are no rules about kinds of characters, and every byte counts.
 */
export async function passwordProblem(password: Secret | undefined, about: readonly string[]): Promise<string | null> {
  if (password === undefined) return 'Enter a password.'
  if (password.length > maximumBytes) return tooLong
  const text = password.expose().toString('utf8')
  const characters = [...text].length
  if (characters > maximumCharacters) return tooLong
  if (characters < minimumCharacters) {
    return `The password must have at least ${minimumCharacters} characters. Several words in a row work well.`
  }
  if (await isGuessable(text, about)) {
    return 'This password is easy to guess. Use words that do not belong together, or let a password manager make one.'
  }
  return null
}

const tooLong = `The password must have ${maximumCharacters} characters or fewer. Shorten it.`

type Judge = (password: string, about: (string | number)[]) => { score: number }
let judge: Promise<Judge> | undefined

async function isGuessable(text: string, about: readonly string[]): Promise<boolean> {
  judge ??= loadJudge()
  const words = about.flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u)]).filter((word) => word.length > 2)
  const judged = [...text].slice(0, judgedCharacters).join('')
  const spellings = [judged, judged.replace(/[\s_.,-]+/gu, '')]
  const check = await judge
  // 4 is the best: over 10^10 guesses. A word repeated with a blank between counts as much as without.
  return spellings.some((spelling) => check(spelling, [...words, 'keyward']).score < 4)
}

/** The dictionaries take a second and some memory, and most processes never judge a password. */
async function loadJudge(): Promise<Judge> {
  const { ZxcvbnFactory } = await import('@zxcvbn-ts/core')
  const { adjacencyGraphs, dictionary } = await import('@zxcvbn-ts/language-common')
  const factory = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs, useLevenshteinDistance: false })
  return (password, about) => factory.check(password, about)
}
