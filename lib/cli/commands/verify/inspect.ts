import { isAsymmetricAlgorithm } from '../../../resource-server/contract/algorithms.js'
import { readRefusal, TOKEN_CHECKS } from '../../../resource-server/contract/checks.js'
import { Refusal } from '../../faults.js'
import type { Io } from '../../io.js'
import { type Answer, askGuard, type Run } from './ask-guard.js'
import type { Peek } from './peek.js'

/** What was found out: the failed checks with the detail of each, and those that hold. */
export interface Findings {
  failed: ReadonlyMap<string, string>
  held: ReadonlySet<string>
  fetchFailure: string | undefined
}

/** At a time at which one of these holds, the other may fail that holds now. */
const TIMES: ReadonlySet<string> = new Set(['expired', 'not_yet_valid'])

/**
 * Asks the guard again and again, each time without the demand that has just failed, until it lets the token pass or what
 * fails cannot be left out. So every check is the guard's own, and more than one failure is found.
 */
export async function inspect(io: Io, token: string, claims: Peek, first: Run): Promise<Findings> {
  const failed = new Map<string, string>()
  const held = new Set<string>()
  let run: Run | undefined = first
  let answer: Answer | undefined
  while (run !== undefined) {
    answer = await askGuard(io, token, run)
    const { detail, keys } = answer
    if (detail === undefined) {
      for (const { name } of TOKEN_CHECKS) held.add(name)
      break
    }
    const refusal = readRefusal(detail)
    if (refusal === undefined) throw new Refusal(`the token cannot be checked: ${detail}`)
    for (const name of refusal.held) held.add(name)
    if (failed.has(refusal.failed) || (run.now !== first.now && TIMES.has(detail))) break
    failed.set(refusal.failed, detail)
    run = relax({ ...run, keys }, detail, claims)
  }
  for (const name of failed.keys()) held.delete(name)
  // Without `strict`, which has failed by its type, fewer claims were required.
  if (first.strict && failed.has('type')) held.delete('required claims')
  return { failed, held, fetchFailure: answer?.fetchFailure }
}

/** The same run without the demand that has failed; undefined where everything else rests on it. */
function relax(run: Run, detail: string, { header, payload }: Peek): Run | undefined {
  const { alg } = header
  const { exp, nbf = 0, iat = 0 } = payload
  switch (detail) {
    case 'algorithm':
      return typeof alg === 'string' && isAsymmetricAlgorithm(alg) ? { ...run, algorithms: [alg] } : undefined
    case 'type':
      return run.strict ? { ...run, strict: false } : undefined
    case 'expired':
      return { ...run, now: (Number(exp) - 1) * 1000 }
    case 'not_yet_valid':
      return { ...run, now: Math.max(Number(nbf), Number(iat)) * 1000 }
    case 'audience':
      return { ...run, audience: null }
    case 'required_claim':
      return { ...run, requiredClaims: [], strict: false }
    case 'claim':
      return { ...run, claims: {} }
    default:
      return undefined
  }
}
