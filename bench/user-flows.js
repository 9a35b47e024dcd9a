import { connect } from 'node:net'
import { alternate, converse, startServers, summary } from './load.js'

const CONNECTIONS = 32
const PROCESSES = 3
const ROUNDS = 30
const WARM_UP = 6_000
const COUNT = 200
const FLOOR = 'scopegate, client credentials'

/**
 * What users cost: refreshes, beside client credentials and beside oidc-provider; and `/authorize` where nobody is asked. Each
 * beside client credentials, in processes that are those two's alone.
 */
export async function userFlows() {
  const floors = []
  const rows = []
  for (const name of ['scopegate, refresh', 'scopegate, /authorize', 'oidc-provider, refresh']) {
    const measured = await alternate([FLOOR, name], {
      start: pair => startServers('./user-flow-server.js', pair),
      processes: PROCESSES,
      rounds: ROUNDS,
      warmUp: server => run(server, WARM_UP),
      windowOf: server => run(server, COUNT),
    })
    floors.push(...measured.get(FLOOR))
    rows.push({ name, ...summary(measured.get(name), measured.get(FLOOR)) })
  }
  return [{ name: FLOOR, ...summary(floors, floors) }, ...rows]
}

/** Flows per second of one window: each connection has a family of tokens, or a browser, of its own. */
async function run(server, count) {
  const { url, cpu, families } = server
  const { port, hostname: host } = new URL(url)
  const before = await cpu()
  const start = performance.now()
  let begun = 0
  const step = STEPS[server.kind]
  await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, at) => {
      const flow = step(server, families, at)
      return converse(connect({ port, host, noDelay: true }), answer => {
        const request = answer === undefined ? undefined : flow.next(String(answer))
        if (request !== undefined) return request
        return begun++ < count ? flow.begin() : undefined
      })
    }),
  )
  const seconds = (performance.now() - start) / 1000
  return { rate: count / seconds, cpu: ((await cpu()) - before) / count }
}

/** How a flow begins, and what follows on an answer; nothing: it is done. */
const STEPS = {
  credentials: server => ({ begin: () => post(server, 'grant_type=client_credentials&scope=read:users'), next() {} }),
  refresh: (server, families, at) => ({
    begin: () => post(server, `grant_type=refresh_token&refresh_token=${families[at]}`),
    next(answer) {
      families[at] = /"refresh_token":"([^"]+)"/.exec(answer)?.[1]
      if (families[at] === undefined) throw new Error(`no refresh token: ${answer}`)
    },
  }),
  authorize: server => ({
    begin: () => get(server, server.query),
    next(answer) {
      const location = /^location: (.*)\r$/im.exec(answer)?.[1] ?? ''
      if (location.includes('code=')) return undefined
      const cookie = [...answer.matchAll(/^set-cookie: ([^;]+)/gim)].map(([, pair]) => pair).join('; ')
      if (!location.includes('/authorize/')) throw new Error(`not on the way to a code: ${answer}`)
      return get(server, new URL(location).pathname, cookie)
    },
  }),
}

function post({ url, authorization }, body) {
  const { host, pathname } = new URL(url)
  const type = 'Content-Type: application/x-www-form-urlencoded'
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n${type}\r\n`
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`
}

function get({ url }, path, cookie) {
  const { host } = new URL(url)
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}\r\n`
}
