// What the guards see, as log lines (pino) and as metrics (Prometheus).
import express, { type Express } from 'express'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type ResourceServerEvent, type ResourceServerOptions, resourceServer } from 'scopegate'

type Listener = (event: ResourceServerEvent) => void

/** A warning for each fault of an issuer, a plain line for the rest. No event holds a token. */
export function logEvents(log: Logger): Listener {
  const faults = new Set([
    'key_set_failed',
    'key_set_stale',
    'key_skipped',
    'metadata_issuer_mismatch',
    'insecure_issuer',
    'scope_claim_failed',
  ])
  return ({ type, ...event }) => {
    const isFault = faults.has(type) || ('status' in event && event.status === 503)
    log[isFault ? 'warn' : 'info'](event, type)
  }
}

/** Labels are texts of a small number: codes, and the issuers that are configured. */
export function countEvents(registry: Registry): Listener {
  const registers = [registry]
  const refusals = new Counter({
    name: 'scopegate_guard_refusals_total',
    help: 'Requests that a guard refused',
    labelNames: ['code', 'detail', 'issuer'],
    registers,
  })
  const fetches = new Histogram({
    name: 'scopegate_guard_key_set_fetch_duration_seconds',
    help: 'Attempts to fetch the keys of an issuer',
    labelNames: ['code', 'issuer'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const age = new Gauge({
    name: 'scopegate_guard_key_set_age_seconds',
    help: 'Age of the keys of an issuer; alert before the stale bound is reached',
    labelNames: ['issuer'],
    registers,
  })
  return event => {
    const { issuer = 'unknown' } = event
    if (event.type === 'refused') refusals.inc({ code: event.code, detail: event.detail ?? '', issuer })
    if (event.type !== 'key_set_loaded' && event.type !== 'key_set_failed') return
    fetches.observe({ code: event.code, issuer }, event.durationMs / 1000)
    age.set({ issuer }, event.type === 'key_set_loaded' ? 0 : (event.ageMs ?? 0) / 1000)
  }
}

export function createApp(options: ResourceServerOptions, log: Logger): Express {
  const registry = new Registry()
  const listeners = [logEvents(log), countEvents(registry)]
  const onEvent: Listener = event => {
    for (const listener of listeners) listener(event)
  }
  const { requireScope } = resourceServer({ ...options, onEvent })

  const app = express()
  app.get('/users', requireScope('read:users'), (_req, res) => {
    res.json({ users: [] })
  })
  app.get('/metrics', async (_req, res) => {
    res.type(registry.contentType).send(await registry.metrics())
  })
  return app
}
