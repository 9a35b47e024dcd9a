// The package without any peer: how much it brings, and what it says where lmdb is not installed.
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { check, install, run } from './run.js'

/** Bytes of all files that come with the package, Express not counted. */
const LIMIT = 10_000_000
const LINE = 'embeddedStore needs lmdb: npm install lmdb'

const callEmbedded = [
  'const check = ({ embeddedStore }) => {',
  "  try { embeddedStore('.data') } catch ({ code, message }) {",
  `    process.exit(code === 'ERR_STORE_UNAVAILABLE' && message === '${LINE}' ? 0 : 1)`,
  '  }',
  '  process.exit(2)',
  '}',
]

export async function checkAlone(scratch, tarball) {
  const folder = join(scratch, 'alone')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  await install(folder, '--omit=dev', '--omit=peer', '--omit=optional', tarball)
  const size = sizeOf(join(folder, 'node_modules'))
  await check(`alone it has ${(size / 1e6).toFixed(1)} MB, less than ${LIMIT / 1e6}`, () => {
    if (size >= LIMIT) throw new Error(`${size} bytes`)
  })
}

function sizeOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile())
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

const LOGIN = { issuer: 'https://login.example.com', clientId: 'id', clientSecret: 'secret' }
const LOGIN_LINE = 'oidcUsers needs openid-client: npm install openid-client'

const callOidc = [
  'const check = ({ oidcUsers, demoUsers }) => {',
  "  demoUsers(['ada'])",
  `  try { oidcUsers(${JSON.stringify(LOGIN)}) } catch ({ message }) { process.exit(message === '${LOGIN_LINE}' ? 0 : 1) }`,
  '  process.exit(2)',
  '}',
]

/** @param folder where the package is installed beside Express, without openid-client */
export async function checkWithoutOpenidClient(folder) {
  const calls = {
    'oidc.mjs': ["import * as users from 'scopegate/users'", ...callOidc, 'check(users)'],
    'oidc.cjs': [...callOidc, "check(require('scopegate/users'))"],
    'oidc-copy.cjs': [...callOidc, "check(require('./node_modules/scopegate/dist/cjs/users/index.js'))"],
  }
  for (const [file, lines] of Object.entries(calls)) {
    await check(`oidcUsers asks for openid-client at once: ${file}`, () => {
      writeFileSync(join(folder, file), lines.join('\n'))
      return run(folder, 'node', [file])
    })
  }
}

const CLIENT = { issuer: 'https://id.example.com', clientId: 'id', clientSecret: 'secret', audience: null }
const CLIENT_LINE = 'tokenClient needs oauth4webapi: npm install oauth4webapi'

const callClient = [
  'const check = ({ tokenClient }) => {',
  `  try { tokenClient(${JSON.stringify(CLIENT)}) } catch ({ message }) { process.exit(message === '${CLIENT_LINE}' ? 0 : 1) }`,
  '  process.exit(2)',
  '}',
]

/** @param folder where the package is installed beside Express, without oauth4webapi */
export async function checkWithoutOauth4webapi(folder) {
  const calls = {
    'client.mjs': ["import * as client from 'scopegate/client'", ...callClient, 'check(client)'],
    'client.cjs': [...callClient, "check(require('scopegate/client'))"],
    'client-copy.cjs': [...callClient, "check(require('./node_modules/scopegate/dist/cjs/client/index.js'))"],
  }
  for (const [file, lines] of Object.entries(calls)) {
    await check(`tokenClient asks for oauth4webapi at once: ${file}`, () => {
      writeFileSync(join(folder, file), lines.join('\n'))
      return run(folder, 'node', [file])
    })
  }
}

/** With it the client is made, by every way to load it. @param folder where oauth4webapi is not installed yet */
export async function checkWithOauth4webapi(folder) {
  await install(folder, 'oauth4webapi@3')
  const make = `typeof tokenClient(${JSON.stringify(CLIENT)}).getAccessToken === 'function' || process.exit(1)`
  const calls = {
    'with-client.mjs': ["import { tokenClient } from 'scopegate/client'", make],
    'with-client.cjs': ["const { tokenClient } = require('scopegate/client')", make],
    'with-client-copy.cjs': [
      "const { tokenClient } = require('./node_modules/scopegate/dist/cjs/client/index.js')",
      make,
    ],
  }
  for (const [file, lines] of Object.entries(calls)) {
    await check(`tokenClient is made with oauth4webapi: ${file}`, () => {
      writeFileSync(join(folder, file), lines.join('\n'))
      return run(folder, 'node', [file])
    })
  }
}

/** @param folder where the package is installed beside Express, without lmdb */
export async function checkWithoutLmdb(folder) {
  const calls = {
    'lmdb.mjs': ["import * as embedded from 'scopegate/embedded'", ...callEmbedded, 'check(embedded)'],
    'lmdb.cjs': [...callEmbedded, "check(require('scopegate/embedded'))"],
    'lmdb-copy.cjs': [...callEmbedded, "check(require('./node_modules/scopegate/dist/cjs/store/embedded/index.js'))"],
  }
  for (const [file, lines] of Object.entries(calls)) {
    await check(`embeddedStore asks for lmdb at once: ${file}`, () => {
      writeFileSync(join(folder, file), lines.join('\n'))
      return run(folder, 'node', [file])
    })
  }
  await check('scopegate serve asks for prom-client in one line', async () => {
    const env = { PORT: '0', METRICS_PORT: '0' }
    const failure = await run(folder, 'npx', ['--no-install', 'scopegate', 'serve'], env).catch(e => e)
    if (
      failure.code !== 1 ||
      failure.stderr !== 'scopegate: METRICS_PORT needs prom-client: npm install prom-client\n'
    ) {
      throw failure
    }
  })
  await check('scopegate serve asks for lmdb in one line', async () => {
    const failure = await run(folder, 'npx', ['--no-install', 'scopegate', 'serve'], { PORT: '0' }).catch(e => e)
    if (failure.code !== 1 || failure.stderr !== `scopegate: ${LINE}\n`) throw failure
  })
}
