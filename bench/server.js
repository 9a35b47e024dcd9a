import express from 'express'
import { createBareGuard, guards } from './guards.js'
import { serve } from './serve.js'

/** A child process: for each name on the command line a route that this guard guards, or none. */
const [names, issuerJson] = process.argv.slice(2)
const issuer = JSON.parse(issuerJson)
const routes = { unprotected: () => [], 'bare crypto.verify': () => [createBareGuard(issuer)] }

await serve(JSON.parse(names), (name, url) => {
  const listener = express().disable('x-powered-by')
  const handlers = routes[name]?.() ?? [guards[name](issuer)]
  listener.get('/users', ...handlers, (_req, res) => {
    res.json({ users: [] })
  })
  return { listener, tell: () => ({ url: `${url}/users` }) }
})
