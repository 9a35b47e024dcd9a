import { TOKEN_CHECKS } from '../../../resource-server/contract/checks.js'
import { isTrustedTransport, parseUrl } from '../../../resource-server/options/option-checks.js'
import { Negative } from '../../faults.js'
import type { Io } from '../../io.js'
import { formatCell, pad } from '../../output/cells.js'
import { printable, printableJson } from '../../output/printable.js'
import { tell, write } from '../../output/write.js'
import { readInput } from '../document.js'
import { type Findings, inspect } from './inspect.js'
import { peek, valuesOf } from './peek.js'
import { REASONS } from './reasons.js'
import { type Demands, readDemands, type VerifyOptions } from './settings.js'

/** A line of the answer. */
interface Line {
  check: string
  state: 'ok' | 'failed' | 'not_checked'
  /** The stable code of the refusal. */
  detail?: string
  /** What the token says, proven or not. */
  value?: unknown
  reason?: string
}

/** Where nobody says who must have issued the token, and it says nothing that could be asked. */
const NOBODY = 'https://nobody.invalid'

/**
 * `verify`: what a guard of these demands checks of a token, check by check. Only the issuer's metadata and key set are
 * fetched. Exit 1 where a check fails.
 */
export async function verify(io: Io, argument: string, options: VerifyOptions): Promise<void> {
  const token = argument === '-' ? (await readInput(io.stdin)).trim() : argument
  const demands = await readDemands(io, options)
  const claims = peek(token)
  const issuer = demands.issuer ?? issuerOf(claims.payload['iss'], demands)
  if (demands.issuer === undefined && issuer !== NOBODY) {
    await tell(io, `no --issuer: taken from the token, ${printable(issuer)}; that is no proof of who issued it`)
  }
  const run = { ...demands, issuer, now: io.clock.now(), keys: [] }
  const lines = linesOf(await inspect(io, token, claims, run), demands, valuesOf(claims))
  await write(io.stdout, options.json ? formatJson(lines) : formatText(io, lines))
  if (lines.some(({ state }) => state === 'failed')) throw new Negative()
}

/** The token's own word: a URL whose metadata can be fetched; with a key set at hand, any text. */
function issuerOf(iss: unknown, { jwks, allowInsecureRequests }: Demands): string {
  if (typeof iss !== 'string' || iss === '' || iss.length > 600) return NOBODY
  if (jwks !== undefined) return printable(iss) === iss ? iss : NOBODY
  const url = parseUrl(iss)
  const isFetchable =
    url !== undefined && (isTrustedTransport(url) || (allowInsecureRequests && url.protocol === 'http:'))
  return isFetchable && url.username === '' && !/[?#{}]/.test(iss) ? iss : NOBODY
}

function linesOf(
  { failed, held, fetchFailure }: Findings,
  demands: Demands,
  values: Readonly<Record<string, unknown>>,
): Line[] {
  const unasked = reasonsNotToAsk(demands)
  return TOKEN_CHECKS.map(({ name }): Line => {
    const detail = failed.get(name)
    const value = values[name]
    const line = { check: name, ...(value !== undefined && { value }) }
    if (detail !== undefined) {
      return { ...line, state: 'failed', detail, reason: reasonOf(detail, demands, fetchFailure) }
    }
    const unaskedFor = unasked[name]
    if (unaskedFor !== undefined) return { ...line, state: 'not_checked', reason: unaskedFor }
    return { ...line, state: held.has(name) ? 'ok' : 'not_checked' }
  })
}

function reasonOf(detail: string, { issuer }: Demands, fetchFailure: string | undefined): string {
  if (detail === 'issuer' && issuer === undefined) return 'iss is no URL where keys could be fetched: give --issuer'
  const reason = REASONS[detail as keyof typeof REASONS] ?? ''
  return detail === 'keys_unavailable' && fetchFailure !== undefined ? `${reason}: ${fetchFailure}` : reason
}

function reasonsNotToAsk(demands: Demands): Readonly<Record<string, string>> {
  const { issuer, audience, scopes, requiredClaims, strict, claims } = demands
  return {
    ...(issuer === undefined && { issuer: 'no --issuer' }),
    ...(audience === null && { audience: 'no --audience' }),
    ...(scopes.length === 0 && { scope: 'no --scope' }),
    ...(requiredClaims.length === 0 && !strict && { 'required claims': 'no --require-claim, no --strict' }),
    ...(Object.keys(claims).length === 0 && { claims: 'no --claim' }),
  }
}

function formatJson(lines: readonly Line[]): string {
  return `${printableJson({ good: lines.every(({ state }) => state !== 'failed'), checks: lines }, 2)}\n`
}

const MARKS = { ok: ['✓', 'ok'], failed: ['✗', 'FAIL'], not_checked: ['–', '-'] } as const

function formatText({ stdout }: Io, lines: readonly Line[]): string {
  const isTerminal = stdout.isTTY === true
  return lines
    .map(({ check, state, detail, value, reason }) => {
      const mark = MARKS[state][isTerminal ? 0 : 1]
      const fault = detail === undefined ? reason && `(${reason})` : `${detail}: ${printable(reason ?? '')}`
      const said = value === undefined ? undefined : formatCell(value)
      return `${pad(mark, isTerminal ? 1 : 4)} ${pad(check, 15)} ${[said, fault].filter(Boolean).join('  ')}`.trimEnd()
    })
    .join('\n')
    .concat('\n')
}
