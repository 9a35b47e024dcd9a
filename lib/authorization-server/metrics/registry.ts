import type { Registry } from 'prom-client'
import { invalidType, invalidValue } from '../../errors.js'

/** A `Registry` of prom-client, as far as it is used here. */
export interface MetricsRegistry {
  registerMetric(metric: never): void
  getSingleMetric(name: string): unknown
}

/**
 * @param name of one of the metrics that will be registered
 * @throws TypeError `ERR_INVALID_ARG_TYPE`: it is no registry; `ERR_INVALID_ARG_VALUE`: a server's metrics are in it already
 */
export function validateRegistry(registry: unknown, name: string): Registry {
  if (!isRegistry(registry)) throw invalidType('metrics: registry must be a Registry of prom-client')
  if (registry.getSingleMetric(name) !== undefined) {
    throw invalidValue('metrics: the registry has the metrics of a server already')
  }
  return registry
}

function isRegistry(value: unknown): value is Registry {
  const { registerMetric, getSingleMetric }: Partial<Record<string, unknown>> = Object(value)
  return typeof registerMetric === 'function' && typeof getSingleMetric === 'function'
}
