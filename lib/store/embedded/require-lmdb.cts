import type lmdb = require('lmdb')

/** CommonJS in both builds, so that `require` is at hand: lmdb is loaded on first use, and within the turn. */
function requireLmdb(): typeof lmdb {
  return require('lmdb')
}

export = requireLmdb
