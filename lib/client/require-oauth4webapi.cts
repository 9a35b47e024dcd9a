import nodeModule = require('node:module')
import type oauth4webapi = require('oauth4webapi')

/**
 * CommonJS in both builds, so that the file has a name: oauth4webapi is loaded on first use, by a `require` of its own, as
 * the one that a loader gives a CommonJS file need not resolve as Node does.
 */
function requireOauth4webapi(): typeof oauth4webapi {
  return nodeModule.createRequire(__filename)('oauth4webapi')
}

export = requireOauth4webapi
