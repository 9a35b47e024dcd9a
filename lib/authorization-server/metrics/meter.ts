import type { Clock } from '../../clock.js'
import type { HttpResponse } from '../../http/handler.js'
import type { Meter } from '../context/meter.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import { boundedLabel, methodLabel, statusLabel } from './labels.js'
import { createInstruments, type MeasuredLog } from './instruments.js'
import { loadPromClient } from './prom-client.js'
import { type MetricsRegistry, validateRegistry } from './registry.js'
import { routeOf } from './routes.js'

/** What the gauges read when somebody asks for the metrics. */
export interface MeterSources {
  clock: Clock
  signingKeys: Pick<SigningKeys, 'oldestActivation'>
  /** Absent: there is no log. */
  log?: MeasuredLog
}

/**
 * Registers the metrics of a server and gives what counts them.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`: see {@link validateRegistry}
 * @throws Error prom-client is not installed
 */
export function createMeter(registry: MetricsRegistry, sources: MeterSources): Meter {
  const checked = validateRegistry(registry, 'scopegate_tokens_issued_total')
  const own = createInstruments(loadPromClient(), checked, sources)
  const codeLabel = boundedLabel()
  const typeLabel = boundedLabel()
  const countRefusal = (route: string, code: string): void => own.refusals.inc({ route, code: codeLabel(code) })

  return {
    begin(path, { method }, res) {
      const labels = { route: routeOf(path), method: methodLabel(method) }
      onEnd(res, seconds => own.requests.observe({ ...labels, status: statusLabel(res) }, seconds))
    },
    refuse: (path, code) => countRefusal(routeOf(path), code),
    issueToken: grant_type => own.issued.inc({ grant_type }),
    refuseToken: (grant_type = 'unknown', code) => own.refused.inc({ grant_type, code: codeLabel(code) }),
    notice(event) {
      const { type } = event
      if (type === 'token.issued' || type === 'token.refused') return
      own.events.inc({ type: typeLabel(type) })
      if (type === 'authorize.denied') countRefusal('/authorize', event.code)
    },
    finishOperation(kind, method, ms, isFailure) {
      own.operations.observe({ kind, method }, ms / 1000)
      if (isFailure) own.failures.inc({ kind, method })
    },
  }
}

/** Calls back when the answer is sent, or its connection breaks off, with the seconds since now. */
function onEnd(res: HttpResponse, done: (seconds: number) => void): void {
  const start = performance.now()
  res.once('close', () => done((performance.now() - start) / 1000))
}
