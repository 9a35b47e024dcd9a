// Preloaded: prom-client cannot be found, as where it is not installed.
import Module from 'node:module'

const loader = Module as unknown as { _resolveFilename(request: string, ...rest: unknown[]): string }
const resolve = loader._resolveFilename
loader._resolveFilename = function resolveFilename(request, ...rest) {
  if (request === 'prom-client') throw Object.assign(new Error('not installed'), { code: 'MODULE_NOT_FOUND' })
  return resolve.call(this, request, ...rest)
}
