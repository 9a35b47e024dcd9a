import { emit } from '../../emit.js'
import { invalidType, invalidValue } from '../../errors.js'
import { ignore, own } from '../../outcome.js'
import { isTexts, readScopes } from '../token/auth-info.js'
import type { ScopeClaimFailedEvent } from './guard-events.js'
import { assertKnown, assertRecord, checkList, checkText } from '../options/option-checks.js'
import { nameKey } from '../contract/refuse.js'
import type { AccessTokenClaims, AuthInfo } from '../contract/types.js'

/** Finds the scopes of a token in its claims: a text with blanks, or a list of texts. */
export type ScopeClaimFunction = (claims: Readonly<AccessTokenClaims>) => string | readonly string[] | undefined

/**
 * Where the scopes of a token stand: a claim, or a path to one (`realm_access.roles`), where a claim of that very name
 * wins; a list of them: what any names; `{ all: [...] }`: what all of them name; or a function of the claims.
 */
export type ScopeClaim = string | readonly string[] | { readonly all: readonly string[] } | ScopeClaimFunction

/** What a token grants. */
export type Granted = (auth: AuthInfo) => readonly string[]

const NOTHING: readonly string[] = Object.freeze([])
const WHAT = 'a claim, a list of claims, { all: [...] } or a function'

/**
 * Makes the reader of what a token grants: of the claims that the option names, or else `permissions` where the token has
 * it, `scope`, `scp`. A claim that is absent, or of another type, grants nothing.
 *
 * @throws TypeError quoting the option
 */
export function createGranted(option: unknown, onEvent?: (event: ScopeClaimFailedEvent) => void): Granted {
  if (option === undefined) return grantedByDefault
  if (typeof option === 'function') return createFunctionReader(option as ScopeClaimFunction, onEvent)
  if (typeof option === 'string') return createClaimReader(checkText(option, 'scopeClaim'))
  if (Array.isArray(option)) return createUnion(readNames(option, 'scopeClaim'))
  assertRecord(option, 'scopeClaim', WHAT)
  assertKnown(option, ['all'], 'option scopeClaim.')
  return createIntersection(readNames(option['all'], 'scopeClaim.all'))
}

/** A `permissions` claim of another type than a text or a list of texts grants nothing. */
function grantedByDefault({ payload, permissions, scopes }: AuthInfo): readonly string[] {
  return permissions ?? (payload.permissions === undefined ? scopes : NOTHING)
}

function readNames(option: unknown, name: string): Granted[] {
  const names = checkList(option, name, checkText)
  if (names.length === 0) throw invalidValue(`option ${name} must name at least one claim`)
  return names.map(createClaimReader)
}

function createUnion(readers: readonly Granted[]): Granted {
  return auth => readers.flatMap(read => read(auth))
}

function createIntersection([first = () => NOTHING, ...others]: readonly Granted[]): Granted {
  return auth => {
    const lists = others.map(read => read(auth))
    return first(auth).filter(scope => lists.every(list => list.includes(scope)))
  }
}

function createClaimReader(name: string): Granted {
  const path = name.split('.')
  return ({ payload }) => readScopes(Object.hasOwn(payload, name) ? payload[name] : follow(payload, path))
}

/** Own members of objects alone, so that no name means something that JavaScript puts there. */
function follow(claims: object, path: readonly string[]): unknown {
  let at: unknown = claims
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

function createFunctionReader(find: ScopeClaimFunction, onEvent?: (event: ScopeClaimFailedEvent) => void): Granted {
  return auth => {
    try {
      return readAnswer(find(auth.payload))
    } catch (cause) {
      const { payload, header } = auth
      emit(onEvent, { type: 'scope_claim_failed', issuer: payload.iss, ...nameKey(header.kid), cause })
      return NOTHING
    }
  }
}

/** A list is copied: what is compared is what was checked, whoever has the other one. */
function readAnswer(answer: unknown): readonly string[] {
  if (answer === undefined) return NOTHING
  if (typeof answer === 'string') return readScopes(answer)
  const list: unknown = Array.isArray(answer) ? [...answer] : answer
  if (isTexts(list)) return list
  // A promise names nothing; but what it rejects with must not end the process.
  own(answer, ignore)
  throw invalidType('option scopeClaim: the function must give a text or a list of texts')
}
