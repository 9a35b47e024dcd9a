import { verify } from 'node:crypto'
import { bareVerify, guards } from './guards.js'

/** Requests that are made, and then timed, at a time: as many as a busy process has in its caches. */
const BATCH = 200
const ROUNDS = 20
const MANY = 1_000

const KINDS = {
  hot: { batches: 5, tokenOf: ({ hot }) => hot },
  many: { batches: 5, tokenOf: ({ many }, i) => many[i % MANY] },
  fresh: { batches: 2, tokenOf: ({ issuer }) => issuer.token() },
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

/** One call after the other; resolves when the guard called `next`, rejects on a refusal. */
function run(guard, requests) {
  return new Promise((resolve, reject) => {
    let i = 0
    const step = () => {
      while (i < requests.length) {
        let sync = true
        let done = false
        guard(requests[i++], response, error => {
          if (error) return reject(error)
          done = true
          if (!sync) step()
        })
        sync = false
        if (!done) return
      }
      resolve()
    }
    step()
  })
}

/** Nanoseconds for each call, of one batch. */
async function time(guard, tokens) {
  const requests = tokens.map(createRequest)
  const start = process.hrtime.bigint()
  await run(guard, requests)
  return Number(process.hrtime.bigint() - start) / requests.length
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** The bare signature check in the shape of a guard. */
function createBareGuard(issuer) {
  const check = bareVerify(issuer, verify)
  return (req, _res, next) => next(check(req.headers.authorization.slice(7)) ? undefined : new Error('signature'))
}

/** Nanoseconds per verification: medians of batches in which the guards take turns. */
export async function inProcess(issuer) {
  const source = { issuer, hot: issuer.token(), many: Array.from({ length: MANY }, () => issuer.token()) }
  const made = Object.entries({ 'bare crypto.verify': createBareGuard, ...guards })
  const results = made.map(([name, create]) => ({ name, guard: create(issuer), hot: [], many: [], fresh: [] }))
  for (const { guard } of results) {
    for (let i = 0; i < 3; i++) await time(guard, source.many)
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [kind, { batches, tokenOf }] of Object.entries(KINDS)) {
      for (let batch = 0; batch < batches; batch++) {
        const tokens = Array.from({ length: BATCH }, (_, i) => tokenOf(source, (round * batches + batch) * BATCH + i))
        for (const { guard, ...result } of results) result[kind].push(await time(guard, tokens))
      }
    }
  }
  return results.map(({ name, hot, many, fresh }) => ({
    name,
    hot: median(hot),
    many: median(many),
    fresh: median(fresh),
  }))
}
