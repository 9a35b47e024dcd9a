import { isPublic, withoutShownOnce } from './exceptions.js'
import { Fingerprints, hashOf } from './fingerprints.js'
import { betraying, eachWord } from './words.js'

/** What a value is that nobody may log. */
export const KINDS = [
  ...['access token', 'refresh token', 'ID token', 'code', 'verifier', 'client secret', 'Basic credentials'],
  ...['session cookie', 'anti-forgery value', 'password', 'private key', 'secret of the environment'],
] as const
export type Kind = (typeof KINDS)[number]

/** Where something is logged. */
export const CHANNELS = [
  ...['standard output', 'standard error', 'standard output of a child process', 'standard error of a child process'],
  ...['standard error of a command', 'an event', 'a record of the log'],
] as const
export type Channel = (typeof CHANNELS)[number]

/** A value that stands in what was logged. */
export interface Leak {
  kind: Kind
  channel: Channel
  /** The test in which, or after which, the value was first seen where it may be. */
  given: string
  /** The same of where it may not be. */
  logged: string
  /** How it begins, and how long it is. */
  shown: string
}

/** Leaks that are kept. */
const MAX_LEAKS = 50
/** A mark: a kind or a channel, and the number of a test. */
const TEST_BITS = 24

/** A private key, whoever has made it: PEM, or a member of a JWK that only private ones have. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----|[{,] *\\*"(?:d|p|q|dp|dq|qi)\\*" *: *\\*"[\w-]{16,}/

/**
 * Compares what is secret with what is logged, in whichever order the two are seen. Of neither the text is kept, only
 * hashes of words.
 */
export class Ledger {
  /** What runs now. */
  #tests = ['before the first test']
  readonly #secrets: Fingerprints
  readonly #words: Fingerprints
  readonly leaks: Leak[] = []
  /** Values that are too short to be looked for, or have no word long enough. */
  passed = 0

  /** @param bits of the tables: for secrets, for words */
  constructor(secretBits: number, wordBits: number) {
    this.#secrets = new Fingerprints(secretBits)
    this.#words = new Fingerprints(wordBits)
  }

  get counts(): { secrets: number; words: number; passed: number } {
    return { secrets: this.#secrets.size, words: this.#words.size, passed: this.passed }
  }

  begin(test: string): void {
    this.#tests.push(test)
  }

  /** This value was handed out, or taken. */
  secret(kind: Kind, value: string): void {
    if (isPublic(value)) return
    const words = betraying(value)
    if (words.length === 0) this.passed++
    const mark = this.#mark(KINDS.indexOf(kind))
    for (const word of words) {
      const hash = hashOf(word)
      if (!this.#secrets.add(hash, mark)) continue
      const logged = this.#words.markOf(hash)
      if (logged !== undefined) this.#report(word, mark, logged)
    }
  }

  /** This text was logged. */
  logged(channel: Channel, text: string): void {
    const mark = this.#mark(CHANNELS.indexOf(channel))
    if (PRIVATE_KEY.test(text)) this.#report('a private key', this.#mark(KINDS.indexOf('private key')), mark)
    eachWord(text, word => {
      const hash = hashOf(word)
      if (!this.#words.add(hash, mark)) return false
      const secret = this.#secrets.markOf(hash)
      if (secret !== undefined) this.#report(word, secret, mark)
      return true
    })
  }

  /** The same, of standard error of a command: what it shows once is given, not logged. */
  loggedError(channel: Channel, text: string): void {
    this.logged(
      channel,
      withoutShownOnce(text, secret => this.secret('client secret', secret)),
    )
  }

  #mark(what: number): number {
    return what * 2 ** TEST_BITS + this.#tests.length - 1
  }

  #report(word: string, secret: number, logged: number): void {
    const of = (mark: number): [number, string] => [mark >>> TEST_BITS, this.#tests[mark % 2 ** TEST_BITS] ?? '']
    const [kind, given] = of(secret)
    const [channel, where] = of(logged)
    const leak = { kind: KINDS[kind], channel: CHANNELS[channel], given, logged: where }
    const shown = `${word.slice(0, 4)}… (${word.length} characters)`
    if (this.leaks.length < MAX_LEAKS) this.leaks.push({ ...leak, shown } as Leak)
  }
}

const KEY = Symbol.for('scopegate.secrecy')

/** The one of this run: a loader may make two copies of this module. */
export function ledgerOfRun(): Ledger {
  const known = globalThis as { [KEY]?: Ledger }
  known[KEY] ??= new Ledger(20, 20)
  return known[KEY]
}
