export interface ParsedChallenge {
  scheme: string
  parameters: Record<string, string>
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"/y
const BLANKS = /[ \t]*/y

/**
 * Reads `WWW-Authenticate` by the grammar of RFC 9110 §11.6.1, with auth-params alone. @throws SyntaxError for anything
 * that is not exactly that, and for a parameter named twice.
 */
export function parseChallenges(header: string): ParsedChallenge[] {
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(header)
    if (found === null) return undefined
    at += found[0].length
    return found
  }
  const demand = (pattern: RegExp, what: string): RegExpExecArray => {
    const found = take(pattern)
    if (found === undefined) throw new SyntaxError(`${what} wanted at ${at} of ${header}`)
    return found
  }
  const comma = (): boolean => take(/[ \t]*,[ \t]*/y) !== undefined

  const challenges: ParsedChallenge[] = []
  do {
    const scheme = demand(TOKEN, 'a scheme')[0]
    const parameters: Record<string, string> = {}
    challenges.push({ scheme, parameters })
    if (take(/ +(?=[^ ,])/y) === undefined) continue
    for (let more = true; more; ) {
      const name = demand(TOKEN, 'a name')[0].toLowerCase()
      demand(/[ \t]*=[ \t]*/y, '=')
      const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? demand(TOKEN, 'a value')[0]
      if (Object.hasOwn(parameters, name)) throw new SyntaxError(`${name} twice in ${header}`)
      parameters[name] = value
      // A comma is followed by a further parameter of this challenge, or by the next challenge.
      const before = at
      more = comma() && isParameter(header, at)
      if (!more) at = before
    }
  } while (comma())
  take(BLANKS)
  if (at !== header.length) throw new SyntaxError(`the end wanted at ${at} of ${header}`)
  return challenges
}

function isParameter(header: string, at: number): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=/.test(header.slice(at))
}
