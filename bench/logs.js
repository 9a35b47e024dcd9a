import { createServer } from 'node:http'
import express from 'express'
import { authorizationServer } from '../dist/authorization-server/index.js'
import { createLogIds } from '../dist/authorization-server/log/log-ids.js'
import { embeddedStore } from '../dist/store/embedded/index.js'
import { LOG_KIND } from '../dist/store/log-records.js'
import { AUDIENCE } from './issuer.js'
import { alternate, send, startServers, summary } from './load.js'
import { tokenRequests } from './token-endpoint.js'
import { median } from './turns.js'

/** A million takes several minutes to write: `LOG_RECORDS=1000000`. */
const MANY = Number(process.env.LOG_RECORDS ?? 200_000)
const FEW = 1_000
const ROUNDS = 100
const ACCOUNT = 'default'
const BATCH = 1_000
const DAY = 86_400_000

/** Milliseconds for a page of `GET /logs` of 50 among few and among many records, medians of requests that alternate. */
export async function listLogs() {
  const [few, many] = [await open(FEW), await open(MANY)]
  try {
    return { many: MANY, rows: await measure(await pagesOf(few), await pagesOf(many)) }
  } finally {
    await few.close()
    await many.close()
  }
}

async function open(count) {
  const store = embeddedStore(':memory:')
  await fill(await store.collection(LOG_KIND), count)
  const server = await authorizationServer({
    issuer: 'http://localhost:3000',
    store,
    rateLimits: false,
    authorizeAdmin: async () => ({ scopes: ['read:logs'] }),
  })
  const http = createServer(express().use(server.adminRouter))
  await new Promise(resolve => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${http.address().port}/logs?pageSize=50`,
    async close() {
      http.close()
      http.closeAllConnections()
      await server.close()
    },
  }
}

/** Half a thousand of them are about one client, whatever their number: what a filter finds does not grow with the log. */
async function fill(logs, count) {
  const createLogId = createLogIds()
  const start = Date.now() - DAY
  for (let first = 0; first < count; first += BATCH) {
    const records = Array.from({ length: BATCH }, (_, i) => {
      const time = new Date(start + (first + i) * 80)
      const isRare = (first + i) % (count / (FEW / 2)) === 0
      return {
        ...{ id: createLogId(time.getTime()), account: ACCOUNT, revision: 1, createdAt: time, updatedAt: time },
        ...{ type: 'token.issued', client_id: isRare ? 'cli_rare' : `cli_${i % 100}`, audience: AUDIENCE },
        ...{ scope: ['read:users'], address: '203.0.113.7', expires_at: new Date(start + 30 * DAY) },
      }
    })
    await logs.insertMany(records)
  }
}

async function pagesOf({ url }) {
  const filtered = `${url}&query=client_id:cli_rare`
  return {
    'first page': url,
    'last page': await lastOf(url),
    'filter: client_id (500 fit)': filtered,
    'its last page': await lastOf(filtered),
  }
}

async function lastOf(url) {
  let last = url
  for (;;) {
    const { next } = await read(last.replace('pageSize=50', 'pageSize=200'))
    if (next === null) return last
    last = `${url}&next=${encodeURIComponent(next)}`
  }
}

async function read(url) {
  const answer = await fetch(url)
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

async function measure(few, many) {
  const names = Object.keys(few)
  const times = Object.fromEntries(names.map(name => [name, { few: [], many: [] }]))
  const timed = async (url, list) => {
    const start = performance.now()
    await read(url)
    list.push(performance.now() - start)
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      await timed(few[name], times[name].few)
      await timed(many[name], times[name].many)
    }
  }
  return names.map(name => ({ name, few: median(times[name].few), many: median(times[name].many) }))
}

const [OFF, ON] = ['scopegate, no log', 'scopegate, embedded']

/**
 * Tokens per second with and without the log, in one process, in windows that alternate. They are long: what is logged is
 * written a fifth of a second later, and that must not be in the window of the other server.
 */
export async function tokensWithLog({ processes = 3, rounds = 8, warmUp = 6_000, tokens = 3_000 } = {}) {
  const measured = await alternate([OFF, ON], {
    start: pair => startServers('./token-server.js', pair, ''),
    processes,
    rounds,
    warmUp: server => send(server, tokenRequests(server), warmUp),
    windowOf: server => send(server, tokenRequests(server), tokens),
  })
  return [OFF, ON].map(name => ({ name, ...summary(measured.get(name), measured.get(OFF)) }))
}
