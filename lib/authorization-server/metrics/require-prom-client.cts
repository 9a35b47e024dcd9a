import nodeModule = require('node:module')
import type promClient = require('prom-client')

/**
 * CommonJS in both builds, so that the file has a name: prom-client is loaded on first use, by a `require` of its own, as
 * the one that a loader gives a CommonJS file need not resolve as Node does.
 */
function requirePromClient(): typeof promClient {
  return nodeModule.createRequire(__filename)('prom-client')
}

export = requirePromClient
