// Every subpath as Node's users load it: by import and by require, beside Express 5 and 4, without the optional peers.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkWithOauth4webapi, checkWithoutLmdb, checkWithoutOauth4webapi, checkWithoutOpenidClient } from './alone.js'
import { check, install, run } from './run.js'
import { SUBPATHS } from './subpaths.js'

const entries = Object.entries(SUBPATHS).map(([path, names], i) => ({ path, names, alias: `m${i}` }))
const imports = entries.map(({ path, alias }) => `import * as ${alias} from '${path}'`)
const requires = entries.map(({ path, alias }) => `const ${alias} = require('${path}')`)
const assertNames = entries.flatMap(({ path, names, alias }) =>
  names.map(name => `if (typeof ${alias}.${name} !== 'function') throw new Error('${path} has no ${name}')`),
)
const assertOnce = entries.map(
  ({ path, names: [name], alias }) =>
    `import('${path}').then(m => { if (m.${name} !== ${alias}.${name}) throw new Error('${path} is loaded twice') })`,
)
/** A guard of the CommonJS copy beside an issuer of the ES modules, as a runner may mix them. */
const twoCopies = [
  "const assert = require('node:assert')",
  "const { testIssuer } = require('scopegate/testing')",
  "const { createVerifier } = require('./node_modules/scopegate/dist/cjs/index.js')",
  "require('./node_modules/scopegate/dist/cjs/authorization-server/index.js')",
  "require('./node_modules/scopegate/dist/cjs/store/embedded/index.js')",
  'async function main() {',
  "  const issuer = await testIssuer({ audience: 'https://api.example.com' })",
  '  const verifier = createVerifier(issuer.resourceServerOptions)',
  '  const verify = async token => verifier.verify(token)',
  '  const old = await issuer.token()',
  '  await verify(old)',
  '  await issuer.rotate({ keep: false })',
  '  await verify(await issuer.token())',
  "  await assert.rejects(verify(old), { code: 'ERR_INVALID_TOKEN' })",
  '}',
  'main()',
]

export async function checkLoading(scratch, tarball) {
  for (const version of ['5', '4']) {
    const folder = join(scratch, `express${version}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    await install(folder, tarball, `express@${version}`)
    const load = (file, lines) => {
      writeFileSync(join(folder, file), lines.join('\n'))
      return run(folder, 'node', [file])
    }
    await check(`Express ${version}: installs without the optional peers`, () => {
      const installed = readdirSync(join(folder, 'node_modules'))
      for (const name of ['mongoose', 'lmdb', 'openid-client', 'oauth4webapi', 'prom-client']) {
        if (installed.includes(name)) throw new Error(`${name} was installed`)
      }
    })
    await check(`Express ${version}: every subpath by import`, () =>
      load('load.mjs', [...imports, ...assertNames, "import 'scopegate/augment'"]),
    )
    await check(`Express ${version}: every subpath by require, and nothing twice`, () =>
      load('load.cjs', [...requires, ...assertNames, ...assertOnce]),
    )
    await check(`Express ${version}: the CommonJS copy, beside the ES modules`, () => load('copy.cjs', twoCopies))
  }
  await checkRest(join(scratch, 'express5'))
}

async function checkRest(folder) {
  await check('the command line answers', () => run(folder, 'npx', ['--no-install', 'scopegate', '--version']))
  await check('scopegate/mongo asks for mongoose', () => {
    const exit = 'e => process.exit(/mongoose/.test(e.message) ? 0 : 2)'
    writeFileSync(join(folder, 'mongo.mjs'), `await import('scopegate/mongo').then(() => process.exit(1), ${exit})`)
    return run(folder, 'node', ['mongo.mjs'])
  })
  await checkWithoutLmdb(folder)
  await checkWithoutOpenidClient(folder)
  await checkWithoutOauth4webapi(folder)
  await checkWithOauth4webapi(folder)
}
