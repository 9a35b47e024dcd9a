export { type Clock, systemClock } from './clock.js'
export * from './errors.js'
export * from './resource-server/index.js'
