import nodeModule = require('node:module')
import type openidClient = require('openid-client')

/**
 * CommonJS in both builds, so that the file has a name: openid-client is loaded on first use, by a `require` of its own, as
 * the one that a loader gives a CommonJS file need not resolve as Node does.
 */
function requireOpenidClient(): typeof openidClient {
  return nodeModule.createRequire(__filename)('openid-client')
}

export = requireOpenidClient
