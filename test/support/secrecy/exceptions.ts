import { basename } from 'node:path'

/**
 * What is not looked for, or not looked at, each with its reason. There is nothing else.
 */

/** An id of a record is no secret: a test gives one where a secret belongs. */
const RECORD_ID = /^[a-z]{3}_[0-9a-z]{26}$/

export function isPublic(value: string): boolean {
  return RECORD_ID.test(value)
}

/**
 * A secret that was made just now is shown once, on standard error, to the person who let it be made: by `serve` at its first
 * start and `serve --reset-management-client` (docs/configuration.md), by `clients create`, `clients secrets create` and
 * `apply` (docs/cli.md).
 */
const SHOWN_ONCE = [
  /^(scopegate: management client: account \S+, issuer \S+, client id \S+, secret )(\S+)()$/gm,
  /^(client_secret(?: of .+ \(\S+\))? {2})(\S+)( {3}\(shown this once\))$/gm,
]

/** Takes the secrets out of such lines, whose rest is looked at as any other text. @param tell hears of each secret */
export function withoutShownOnce(text: string, tell: (secret: string) => void): string {
  const take = (_line: string, before: string, secret: string, after: string): string => {
    tell(secret)
    return before + after
  }
  return SHOWN_ONCE.reduce((rest, line) => rest.replace(line, take), text)
}

/**
 * Commands write to standard output what a person has asked for, tokens and new secrets too, and so do shells and `script`,
 * which shows a terminal. Whatever else a process writes there is a log.
 */
export function isShownToPerson([file = '', ...args]: readonly string[]): boolean {
  if (basename(file) === 'script') return true
  if (args.some(argument => /(?:^|\s)serve(?:\s|$)/.test(argument))) return false
  return !/^node(?:\.exe)?$/.test(basename(file)) || args.some(argument => /\bcli\/main\.[jt]s$/.test(argument))
}

/** The reporter shows titles, and a title may name the value that its test gives. */
export function withoutTitles(titles: readonly string[], text: string): string {
  return titles.reduce((rest, title) => rest.replaceAll(title, ''), text)
}
