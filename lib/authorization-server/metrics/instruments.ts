import type { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { MeterSources } from './meter.js'
import type { PromClient } from './prom-client.js'

/** The log, as the metrics see it. */
export interface MeasuredLog {
  /** Entries that wait. */
  readonly queued: number
  /** Entries that were dropped since the start. */
  readonly dropped: number
}

/** Seconds. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const STORE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export interface Instruments {
  issued: Counter<'grant_type'>
  refused: Counter<'grant_type' | 'code'>
  refusals: Counter<'route' | 'code'>
  requests: Histogram<'route' | 'method' | 'status'>
  operations: Histogram<'kind' | 'method'>
  failures: Counter<'kind' | 'method'>
  events: Counter<'type'>
}

/** Registers every metric of a server. docs/operations.md has a row for each. */
export function createInstruments(
  { Counter, Gauge, Histogram }: PromClient,
  registry: Registry,
  sources: MeterSources,
): Instruments {
  const registers = [registry]
  createKeyAge(Gauge, registry, sources)
  if (sources.log !== undefined) createLogMetrics({ Counter, Gauge }, registry, sources.log)
  return {
    issued: new Counter({
      name: 'scopegate_tokens_issued_total',
      help: 'Access tokens issued',
      labelNames: ['grant_type'],
      registers,
    }),
    refused: new Counter({
      name: 'scopegate_tokens_refused_total',
      help: 'Token requests answered with an error',
      labelNames: ['grant_type', 'code'],
      registers,
    }),
    refusals: new Counter({
      name: 'scopegate_refusals_total',
      help: 'Requests answered with an error',
      labelNames: ['route', 'code'],
      registers,
    }),
    requests: new Histogram({
      name: 'scopegate_request_duration_seconds',
      help: 'Time until an answer was sent',
      labelNames: ['route', 'method', 'status'],
      buckets: REQUEST_BUCKETS,
      registers,
    }),
    operations: new Histogram({
      name: 'scopegate_store_operation_duration_seconds',
      help: 'Time that the store took',
      labelNames: ['kind', 'method'],
      buckets: STORE_BUCKETS,
      registers,
    }),
    failures: new Counter({
      name: 'scopegate_store_failures_total',
      help: 'Operations that the store did not carry out; conflicts are not counted',
      labelNames: ['kind', 'method'],
      registers,
    }),
    events: new Counter({
      name: 'scopegate_events_total',
      help: 'Events, issued and refused tokens left out',
      labelNames: ['type'],
      registers,
    }),
  }
}

/** One value for all accounts, of which there may be many: the oldest key is the one to look after. */
function createKeyAge(
  GaugeOf: typeof Gauge,
  registry: Registry,
  { clock, signingKeys }: Pick<MeterSources, 'clock' | 'signingKeys'>,
): void {
  new GaugeOf({
    name: 'scopegate_signing_key_age_seconds',
    help: 'Time since the oldest key that signs was activated',
    registers: [registry],
    collect() {
      const since = signingKeys.oldestActivation()
      if (since === undefined) this.remove()
      else this.set(Math.max(0, clock.now() - since) / 1000)
    },
  })
}

function createLogMetrics(
  { Counter, Gauge }: Pick<PromClient, 'Counter' | 'Gauge'>,
  registry: Registry,
  log: MeasuredLog,
): void {
  new Gauge({
    name: 'scopegate_log_queue_length',
    help: 'Log entries that wait to be written',
    registers: [registry],
    collect() {
      this.set(log.queued)
    },
  })
  let counted = 0
  new Counter({
    name: 'scopegate_log_dropped_total',
    help: 'Log entries dropped',
    registers: [registry],
    collect() {
      const { dropped } = log
      this.inc(dropped - counted)
      counted = dropped
    },
  })
}
