import { verify } from 'node:crypto'
import { bareVerify, guards } from './guards.js'

const HOT = 100_000
const SLOW_HOT = 3_000
const MANY = 1_000
const NEW = 2_000
const ROUNDS = 5

const request = token => ({
  method: 'GET',
  url: '/users',
  headers: { host: 'api.example.com', authorization: `Bearer ${token}` },
  rawHeaders: ['Authorization', `Bearer ${token}`],
  protocol: 'https',
  originalUrl: '/users',
  get: name => (name === 'Host' ? 'api.example.com' : undefined),
  is: () => false,
})
const response = { setHeader() {}, getHeader() {}, headersSent: false }

/** One call after the other; resolves when the guard called `next`, throws on a refusal. */
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

async function nanoseconds(guard, requests) {
  const start = process.hrtime.bigint()
  await run(guard, requests)
  return Number(process.hrtime.bigint() - start) / requests.length
}

const best = values => Math.min(...values)

/** Nanoseconds per verification, the best of several rounds in which the guards take turns. */
export async function inProcess(issuer) {
  const hotToken = issuer.token()
  const many = Array.from({ length: MANY }, () => issuer.token())
  const results = Object.fromEntries(
    Object.keys(guards).map(name => [name, { guard: guards[name](issuer), hot: [], many: [], fresh: [] }]),
  )
  const bare = []
  const bareNew = bareVerify(issuer, verify)
  for (const { guard } of Object.values(results))
    await run(
      guard,
      Array.from({ length: 50 }, () => request(hotToken)),
    )
  for (let round = 0; round < ROUNDS; round++) {
    const fresh = Array.from({ length: NEW }, () => issuer.token())
    const start = process.hrtime.bigint()
    for (const token of fresh) bareNew(token)
    bare.push(Number(process.hrtime.bigint() - start) / NEW)
    for (const [name, result] of Object.entries(results)) {
      const count = name === 'scopegate' || name.includes('cache') ? HOT : SLOW_HOT
      result.hot.push(
        await nanoseconds(
          result.guard,
          Array.from({ length: count }, () => request(hotToken)),
        ),
      )
      result.many.push(
        await nanoseconds(
          result.guard,
          Array.from({ length: count }, (_, i) => request(many[i % MANY])),
        ),
      )
      result.fresh.push(await nanoseconds(result.guard, fresh.map(request)))
    }
  }
  const rows = Object.entries(results).map(([name, { hot, many: lots, fresh }]) => ({
    name,
    hot: best(hot),
    many: best(lots),
    fresh: best(fresh),
  }))
  return { rows, bare: best(bare) }
}
