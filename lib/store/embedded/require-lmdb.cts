import nodeModule = require('node:module')
import type lmdb = require('lmdb')

/**
 * CommonJS in both builds, so that the file has a name: lmdb is loaded on first use, and within the turn. By a `require`
 * of its own: the one that a loader gives a CommonJS file need not resolve as Node does.
 */
function requireLmdb(): typeof lmdb {
  return nodeModule.createRequire(__filename)('lmdb')
}

export = requireLmdb
