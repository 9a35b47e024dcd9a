export type Answer = () => Response | Promise<Response>

/** A `fetch` that answers what was planned, and nothing else. */
export interface PlannedFetch {
  fetch: typeof fetch
  /** The URLs asked for, in order. */
  readonly calls: string[]
  /** What the URL answers from now on. */
  always(url: string, answer: Answer): void
  /** What the URL answers next, before what it always answers. */
  once(url: string, answer: Answer): void
  /** Fails where a call was not planned, or a planned one never came. */
  assertDone(): void
}

/** @example const network = plannedFetch(); network.always(`${ISSUER}/jwks`, () => json({ keys: [] })) */
export function plannedFetch(): PlannedFetch {
  const standing = new Map<string, Answer>()
  const next = new Map<string, Answer[]>()
  const calls: string[] = []
  const unplanned: string[] = []

  const planned: typeof fetch = async input => {
    const url = String(input)
    calls.push(url)
    const answer = next.get(url)?.shift() ?? standing.get(url)
    if (answer !== undefined) return answer()
    unplanned.push(url)
    throw new TypeError(`an unplanned request: ${url}`)
  }

  return {
    fetch: planned,
    calls,
    always: (url, answer) => void standing.set(url, answer),
    once: (url, answer) => void next.set(url, [...(next.get(url) ?? []), answer]),
    assertDone() {
      const unused = [...next].filter(([, answers]) => answers.length > 0).map(([url]) => url)
      if (unplanned.length > 0) throw new Error(`unplanned requests: ${unplanned.join(', ')}`)
      if (unused.length > 0) throw new Error(`planned requests that never came: ${unused.join(', ')}`)
    },
  }
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
}
