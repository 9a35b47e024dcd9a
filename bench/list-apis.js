import { createServer } from 'node:http'
import express from 'express'
import { authorizationServer } from '../dist/authorization-server/index.js'
import { createId } from '../dist/store/ids.js'
import { embeddedStore } from '../dist/store/embedded/index.js'
import { API_KIND } from '../dist/store/records.js'
import { median } from './turns.js'

const APIS = 100_000
const ROUNDS = 200
/** Written at once: each call to the store has a deadline. */
const BATCH = 1_000
const ACCOUNT = 'default'

/** Milliseconds for a page of `GET /apis` of 50 among 100 000, medians of requests that alternate. */
export async function listApis() {
  const store = embeddedStore(':memory:')
  await fill(store)
  const server = await authorizationServer({
    issuer: 'http://localhost:3000',
    store,
    rateLimits: false,
    authorizeAdmin: async () => ({ account: ACCOUNT, scopes: ['read:apis'] }),
  })
  const http = createServer(express().use(server.adminRouter))
  await new Promise(resolve => http.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${http.address().port}/apis`
  try {
    return await measure(await pages(base))
  } finally {
    http.close()
    http.closeAllConnections()
    await server.close()
  }
}

async function fill(store) {
  const apis = await store.collection(API_KIND)
  const start = Date.now() - APIS * 1000
  const records = Array.from({ length: APIS }, (_, i) => {
    const created = new Date(start + i * 1000)
    return {
      id: createId(API_KIND.idPrefix, created.getTime()),
      account: ACCOUNT,
      revision: 1,
      createdAt: created,
      updatedAt: created,
      name: `API ${i}`,
      slug: `api-${i}`,
      identifier: `https://api.example.com/${i}`,
      permissions: [{ value: `read:${i % 1000}` }, { value: 'write:users' }],
      signing_alg: 'RS256',
      token_dialect: 'access_token',
      token_lifetime: 3600 + (i % 100),
      enforce_policies: true,
      allow_offline_access: false,
      skip_consent: false,
      is_system: false,
    }
  })
  for (let at = 0; at < APIS; at += BATCH) await apis.insertMany(records.slice(at, at + BATCH))
}

async function pages(base) {
  let cursor = ''
  let last = ''
  let walked = 0
  for (;;) {
    const { results, next } = await read(`${base}?pageSize=50${cursor}`)
    walked += results.length
    if (next === null) break
    last = cursor
    cursor = `&next=${encodeURIComponent(next)}`
  }
  if (walked < APIS) throw new Error(`the walk saw ${walked} rows`)
  return {
    'first page': `${base}?pageSize=50`,
    'last full page': `${base}?pageSize=50${last}`,
    'filter: permission (100 fit)': `${base}?pageSize=50&query=${encodeURIComponent('permission:read:7')}`,
    'filter: token_lifetime (1 000 fit)': `${base}?pageSize=50&query=${encodeURIComponent('token_lifetime:3607')}`,
    'filter: identifier (one fits)': `${base}?pageSize=50&query=${encodeURIComponent('identifier:https://api.example.com/777')}`,
  }
}

async function read(url) {
  const answer = await fetch(url)
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

async function measure(urls) {
  const times = Object.fromEntries(Object.keys(urls).map(name => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, url] of Object.entries(urls)) {
      const start = performance.now()
      await read(url)
      times[name].push(performance.now() - start)
    }
  }
  return Object.entries(times).map(([name, values]) => ({ name, milliseconds: median(values) }))
}
