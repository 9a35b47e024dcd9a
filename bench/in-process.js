import { createBareGuard, guards } from './guards.js'
import { inOrder, median, pairedRatio } from './turns.js'

const MANY = 1_000
/** Tokens that run each guard in: until its compiler has done what it does, a guard with more to check is slower by half. */
const WARM_UP = 10_000

/**
 * What is timed: `size` requests, `inFlight` of them at a time, `batches` times. Few where they come one by one, as many as
 * a busy process has in its caches; more where a second core is to help, which takes a while to wake.
 */
const KINDS = {
  hot: { batches: 40, size: 500, inFlight: 1, tokenOf: ({ hot }) => hot },
  many: { batches: 40, size: 500, inFlight: 1, tokenOf: ({ many }, i) => many[i % MANY] },
  alone: { batches: 30, size: 200, inFlight: 1, tokenOf: ({ issuer }) => issuer.token() },
  fresh: { batches: 12, size: 1_500, inFlight: 32, tokenOf: ({ issuer }) => issuer.token() },
}

/** A text as the HTTP parser makes it: in one piece, and new. */
const flat = text => Buffer.from(text).toString('latin1')

function createRequest(token) {
  const authorization = flat(`Bearer ${token}`)
  return {
    method: 'GET',
    url: '/users',
    headers: { host: 'api.example.com', authorization },
    rawHeaders: ['Host', 'api.example.com', 'Authorization', authorization],
    protocol: 'https',
    originalUrl: '/users',
    get: name => (name === 'Host' ? 'api.example.com' : undefined),
    is: () => false,
  }
}

const response = { setHeader() {}, getHeader() {}, headersSent: false }

/** All of the requests, so many at a time; resolves when the guard called `next` for each, rejects on a refusal. */
function run(guard, requests, inFlight) {
  return new Promise((resolve, reject) => {
    let started = 0
    let passed = 0
    let isFilling = false
    const fill = () => {
      isFilling = true
      while (started < requests.length && started - passed < inFlight) guard(requests[started++], response, pass)
      isFilling = false
    }
    const pass = error => {
      if (error) return reject(error)
      passed++
      if (passed === requests.length) resolve()
      else if (!isFilling) fill()
    }
    fill()
  })
}

/** Nanoseconds for each call, of one batch. The first fifth is not timed: it brings back what other guards pushed out. */
async function time(guard, tokens, inFlight) {
  const requests = tokens.map(createRequest)
  const timed = requests.splice(requests.length / 5)
  await run(guard, requests, inFlight)
  const start = process.hrtime.bigint()
  await run(guard, timed, inFlight)
  return Number(process.hrtime.bigint() - start) / timed.length
}

/** Nanoseconds per verification, medians of batches in which the guards take turns; and what they are to scopegate's (hot) and to the floor (new), batch by batch. */
export async function inProcess(issuer) {
  const source = { issuer, hot: issuer.token(), many: Array.from({ length: MANY }, () => issuer.token()) }
  const made = Object.entries({ 'bare crypto.verify': createBareGuard, ...guards })
  const results = made.map(([name, create]) => ({ name, guard: create(issuer), times: {} }))
  const unknown = Array.from({ length: WARM_UP }, () => issuer.token())
  for (const { guard } of results) {
    await time(guard, unknown, 1)
    for (let i = 0; i < 3; i++) await time(guard, source.many, 1)
  }
  for (const [kind, { batches, size, inFlight, tokenOf }] of Object.entries(KINDS)) {
    for (const { times } of results) times[kind] = []
    for (let batch = 0; batch < batches; batch++) {
      const tokens = Array.from({ length: size }, (_, i) => tokenOf(source, batch * size + i))
      for (const { guard, times } of inOrder(results, batch)) times[kind].push(await time(guard, tokens, inFlight))
    }
  }
  const [bare, ours] = results
  return results.map(({ name, times }) => ({
    name,
    nanoseconds: Object.keys(KINDS).map(kind => median(times[kind])),
    hot: pairedRatio(times.hot, ours.times.hot),
    alone: pairedRatio(times.alone, bare.times.alone),
    fresh: pairedRatio(times.fresh, bare.times.fresh),
  }))
}
