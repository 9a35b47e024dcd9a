export { type Clock, systemClock } from './clock.js'
export type { Detail, GuardDetail, TokenEndpointDetail } from './details.js'
export * from './errors.js'
export * from './resource-server/index.js'
