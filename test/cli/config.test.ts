import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import express from 'express'
import { readConfig } from '../../lib/cli/serve/config.js'
import { ConfigError } from '../../lib/cli/serve/config-error.js'
import { codesIn, readPage, rowsOf, sectionOf } from '../support/docs.js'

const KEY = Buffer.alloc(32, 7).toString('base64')
const SECRET = 's'.repeat(32)
const OTHER = Buffer.alloc(32, 8).toString('base64url')

describe('configuration by environment', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).to.deep.equal({
      port: 3000,
      host: '127.0.0.1',
      issuer: 'http://localhost:3000',
      dataDir: '.scopegate',
      managementClient: {},
      accounts: [],
      rateLimits: true,
      apiGrants: 'open',
      allowInsecureRequests: false,
      revokesAccessTokens: false,
      startTimeout: 30,
    })
  })

  const accepted = [
    { description: 'a port', env: { PORT: '8080' }, config: { port: 8080, issuer: 'http://localhost:8080' } },
    { description: 'an empty variable as absent', env: { PORT: '', ISSUER: '' }, config: { port: 3000 } },
    {
      description: 'an https issuer with a path',
      env: { ISSUER: 'https://a.example/id' },
      config: { issuer: 'https://a.example/id' },
    },
    { description: 'MongoDB', env: { MONGODB_URI: 'mongodb://h/db' }, config: { mongodbUri: 'mongodb://h/db' } },
    ...[
      'mongodb+srv://u:p@h.example/db?w=1',
      'mongodb://a:1,b:2/db',
      'mongodb://%2Ftmp%2Fmongodb.sock/db',
      'mongodb://[::1]:27017/db',
    ].map(uri => ({ description: uri, env: { MONGODB_URI: uri }, config: { mongodbUri: uri } })),
    ...(
      [
        ['true', true],
        ['false', false],
        ['0', 0],
        ['2', 2],
        ['loopback', ['loopback']],
        ['loopback, 10.0.0.0/8', ['loopback', '10.0.0.0/8']],
        ['linklocal,uniquelocal', ['linklocal', 'uniquelocal']],
        ['192.0.2.1,2001:db8::/32,::1', ['192.0.2.1', '2001:db8::/32', '::1']],
      ] as const
    ).map(([text, trustProxy]) => ({
      description: `proxies: ${text}`,
      env: { TRUST_PROXY: text },
      config: { trustProxy: typeof trustProxy === 'object' ? [...trustProxy] : trustProxy },
    })),
    { description: 'required grants', env: { API_GRANTS: 'required' }, config: { apiGrants: 'required' as const } },
    { description: 'open grants', env: { API_GRANTS: 'open' }, config: { apiGrants: 'open' as const } },
    {
      description: 'an http issuer where that is allowed',
      env: { ISSUER: 'http://id.internal', ALLOW_INSECURE_REQUESTS: '1' },
      config: { issuer: 'http://id.internal', allowInsecureRequests: true },
    },
    {
      description: 'accounts with blanks',
      env: { ACCOUNTS: 'acme, globex' },
      config: { accounts: ['acme', 'globex'] },
    },
    { description: 'an encryption key', env: { ENCRYPTION_KEY: KEY }, config: { encryptionKey: KEY } },
    {
      description: 'several encryption keys, with blanks',
      env: { ENCRYPTION_KEY: `${KEY}, ${OTHER}`, ENCRYPTION_KEY_READ_ONLY: '' },
      config: { encryptionKey: [KEY, OTHER] },
    },
    {
      description: 'an encryption key that only reads',
      env: { ENCRYPTION_KEY: KEY, ENCRYPTION_KEY_READ_ONLY: '1' },
      config: { encryptionKey: { keys: KEY, encrypt: false } },
    },
    {
      description: 'encryption keys that only read',
      env: { ENCRYPTION_KEY: `${KEY},${OTHER}`, ENCRYPTION_KEY_READ_ONLY: '1' },
      config: { encryptionKey: { keys: [KEY, OTHER], encrypt: false } },
    },
    {
      description: 'a provider where users sign in, whose issuer ends with a slash',
      env: { LOGIN_ISSUER: 'https://a.example/', LOGIN_CLIENT_ID: 'id', LOGIN_CLIENT_SECRET: 'hush-hush' },
      config: { login: { issuer: 'https://a.example/', clientId: 'id', clientSecret: 'hush-hush' } },
    },
    {
      description: 'a provider on loopback',
      env: { LOGIN_ISSUER: 'http://localhost:8080/realms/a', LOGIN_CLIENT_ID: 'id', LOGIN_CLIENT_SECRET: 'hush-hush' },
      config: { login: { issuer: 'http://localhost:8080/realms/a', clientId: 'id', clientSecret: 'hush-hush' } },
    },
    ...['', 'http://127.0.0.1:3000', 'https://id.localhost'].map(issuer => ({
      description: `users of a demo at ${JSON.stringify(issuer)}`,
      env: { DEMO_USERS: 'ada, grace', ISSUER: issuer },
      config: { demoUsers: ['ada', 'grace'] },
    })),
    {
      description: 'users of a demo at any port',
      env: { DEMO_USERS: 'ada', PORT: '0' },
      config: { demoUsers: ['ada'] },
    },
    ...['0', '10', '60'].map(text => ({
      description: `a grace of ${text} seconds`,
      env: { REFRESH_GRACE: text },
      config: { refreshGrace: Number(text) },
    })),
    ...['0', '30', '3600'].map(text => ({
      description: `a start that waits ${text} seconds`,
      env: { START_TIMEOUT: text },
      config: { startTimeout: Number(text) },
    })),
    {
      description: 'access tokens that can be revoked',
      env: { REVOKE_ACCESS_TOKENS: '1' },
      config: { revokesAccessTokens: true },
    },
    ...(
      [
        ['90', 90],
        ['0.5', 0.5],
        ['off', false],
      ] as const
    ).map(([text, keyMaxAge]) => ({
      description: `signing keys that live ${text} days`,
      env: { KEY_MAX_AGE: text },
      config: { keyMaxAge },
    })),
    ...['0', '7', '3653'].map(text => ({
      description: `a log of ${text} days`,
      env: { LOG_RETENTION: text },
      config: { logRetention: Number(text) },
    })),
    { description: 'limits switched off', env: { RATE_LIMITS: 'off' }, config: { rateLimits: false } },
    {
      description: 'a management client',
      env: { MANAGEMENT_CLIENT_ID: 'admin', MANAGEMENT_CLIENT_SECRET: SECRET },
      config: { managementClient: { id: 'admin', secret: SECRET } },
    },
  ]
  for (const { description, env, config } of accepted) {
    it(`accepts ${description}`, () => expect(readConfig(env)).to.deep.include(config))
  }

  const refused = [
    { description: 'a port that is no number', env: { PORT: '3000x' }, message: /^PORT/ },
    { description: 'a port out of range', env: { PORT: '65536' }, message: /^PORT/ },
    { description: 'a negative port', env: { PORT: '-1' }, message: /^PORT/ },
    {
      description: 'an issuer with a trailing slash',
      env: { ISSUER: 'https://a.example/' },
      message: /^ISSUER.*slash/,
    },
    { description: 'a relative issuer', env: { ISSUER: 'a.example' }, message: /^ISSUER/ },
    { description: 'an http issuer', env: { ISSUER: 'http://a.example' }, message: /^ISSUER.*https/ },
    { description: 'an issuer with a query', env: { ISSUER: 'https://a.example?x' }, message: /^ISSUER/ },
    { description: 'an issuer with a user', env: { ISSUER: 'https://u:p@a.example' }, message: /^ISSUER/ },
    { description: 'another database', env: { MONGODB_URI: 'postgres://h/db' }, message: /^MONGODB_URI/ },
    ...[
      'mongodb://h',
      'mongodb://h/',
      'mongodb://h/?w=1',
      'mongodb://h?x=/db',
      'mongodb+srv://u:hush-hush@h',
      'mongodb:///db',
    ].map(uri => ({ description: uri, env: { MONGODB_URI: uri }, message: /^MONGODB_URI must name a database/ })),
    ...['ftp://id.internal', 'http://id.internal/', 'http://u:p@id.internal', 'http://id.internal?x'].map(issuer => ({
      description: `${issuer} where http is allowed`,
      env: { ISSUER: issuer, ALLOW_INSECURE_REQUESTS: '1' },
      message: /^ISSUER/,
    })),
    ...['0', 'true', 'yes', '1 '].map(value => ({
      description: `ALLOW_INSECURE_REQUESTS=${value}`,
      env: { ALLOW_INSECURE_REQUESTS: value },
      message: /^ALLOW_INSECURE_REQUESTS must be 1/,
    })),
    ...['1', 'on', 'Required'].map(value => ({
      description: `API_GRANTS=${value}`,
      env: { API_GRANTS: value },
      message: /^API_GRANTS/,
    })),
    ...[
      ...[
        'TRUE',
        'yes',
        '-1',
        '1.5',
        '1000',
        'proxy.internal',
        'loopback,',
        ',',
        '10.0.0.0/33',
        '10.0.0.0/0',
        '10.0.0/8',
      ],
      ...[
        '10.0.0.0/8/8',
        '10.0.0.0/',
        '::1/129',
        'fe80::1%eth0',
        '::ffff:10.0.0.1/104',
        'true,loopback',
        'loopback;::1',
      ],
    ].map(value => ({ description: `TRUST_PROXY=${value}`, env: { TRUST_PROXY: value }, message: /^TRUST_PROXY/ })),
    ...['hush-hush', 'hush-hush-hush-hush-hush-hush-h', `${SECRET}\n`, `${SECRET}é`, 'x'.repeat(1001)].map(secret => ({
      description: `a secret: ${JSON.stringify(secret.slice(0, 40))}`,
      env: { MANAGEMENT_CLIENT_ID: 'a', MANAGEMENT_CLIENT_SECRET: secret },
      message: /^MANAGEMENT_CLIENT_SECRET must be 32 to 1000/,
    })),
    ...['0', '0.0', '-1', '1e3', 'x', '.5', '90d', 'on', 'OFF', '1,5', ' 1', '1234567', 'Infinity'].map(value => ({
      description: `KEY_MAX_AGE=${value}`,
      env: { KEY_MAX_AGE: value },
      message: /^KEY_MAX_AGE must be a number of days/,
    })),
    { description: 'an account name in capitals', env: { ACCOUNTS: 'Acme' }, message: /^ACCOUNTS/ },
    { description: 'an empty account name', env: { ACCOUNTS: 'acme,' }, message: /^ACCOUNTS/ },
    { description: 'an account twice', env: { ACCOUNTS: 'acme,acme' }, message: /^ACCOUNTS/ },
    { description: 'a short key', env: { ENCRYPTION_KEY: 'c2hvcnQ=' }, message: /^ENCRYPTION_KEY/ },
    { description: 'a key that is no base64', env: { ENCRYPTION_KEY: '%%%' }, message: /^ENCRYPTION_KEY/ },
    { description: 'a short key among others', env: { ENCRYPTION_KEY: `${KEY},c2hvcnQ=` }, message: /^ENCRYPTION_KEY/ },
    { description: 'a comma behind a key', env: { ENCRYPTION_KEY: `${KEY},` }, message: /^ENCRYPTION_KEY/ },
    { description: 'a comma between no keys', env: { ENCRYPTION_KEY: ',' }, message: /^ENCRYPTION_KEY/ },
    {
      description: 'another sign between keys',
      env: { ENCRYPTION_KEY: `${KEY};${OTHER}` },
      message: /^ENCRYPTION_KEY/,
    },
    ...['0', 'true', 'yes', '1 ', '11'].map(value => ({
      description: `keys that only read: ${JSON.stringify(value)}`,
      env: { ENCRYPTION_KEY: KEY, ENCRYPTION_KEY_READ_ONLY: value },
      message: /^ENCRYPTION_KEY_READ_ONLY must be 1/,
    })),
    {
      description: 'no keys that only read',
      env: { ENCRYPTION_KEY_READ_ONLY: '1' },
      message: /^ENCRYPTION_KEY_READ_ONLY needs ENCRYPTION_KEY$/,
    },
    { description: 'a client id without a secret', env: { MANAGEMENT_CLIENT_ID: 'a' }, message: /^MANAGEMENT_CLIENT/ },
    {
      description: 'a secret without an id',
      env: { MANAGEMENT_CLIENT_SECRET: 'hush-hush' },
      message: /^MANAGEMENT_CLIENT/,
    },
    ...[
      { LOGIN_ISSUER: 'https://a.example' },
      { LOGIN_CLIENT_ID: 'id' },
      { LOGIN_CLIENT_SECRET: 'hush-hush' },
      { LOGIN_ISSUER: 'https://a.example', LOGIN_CLIENT_ID: 'id' },
      { LOGIN_ISSUER: 'https://a.example', LOGIN_CLIENT_SECRET: 'hush-hush' },
      { LOGIN_CLIENT_ID: 'id', LOGIN_CLIENT_SECRET: 'hush-hush' },
    ].map(env => ({ description: `only ${Object.keys(env)}`, env, message: /^LOGIN_ISSUER, .* together$/ })),
    ...['a.example', 'http://a.example', 'https://a.example?x', 'https://hush-hush@a.example'].map(issuer => ({
      description: `a provider at ${issuer}`,
      env: { LOGIN_ISSUER: issuer, LOGIN_CLIENT_ID: 'id', LOGIN_CLIENT_SECRET: 'hush-hush' },
      message: /^LOGIN_ISSUER must be/,
    })),
    {
      description: 'users of a demo beside a provider',
      env: {
        ...{ LOGIN_ISSUER: 'https://a.example', LOGIN_CLIENT_ID: 'id' },
        LOGIN_CLIENT_SECRET: 's',
        DEMO_USERS: 'ada',
      },
      message: /^DEMO_USERS and LOGIN_ISSUER/,
    },
    ...['https://id.example.com', 'https://localhost.example.com', 'https://10.0.0.1'].map(issuer => ({
      description: `users of a demo at ${issuer}`,
      env: { DEMO_USERS: 'ada', ISSUER: issuer },
      message: /^DEMO_USERS needs .* loopback/,
    })),
    {
      description: 'users of a demo in a private network',
      env: { DEMO_USERS: 'ada', ISSUER: 'http://id.internal', ALLOW_INSECURE_REQUESTS: '1' },
      message: /^DEMO_USERS needs .* loopback/,
    },
    ...['ada,', ',', 'ada lovelace', 'hush hush-hush', 'é'].map(names => ({
      description: `DEMO_USERS=${JSON.stringify(names)}`,
      env: { DEMO_USERS: names },
      message: /^DEMO_USERS must be/,
    })),
    { description: 'a user of a demo twice', env: { DEMO_USERS: 'ada,ada' }, message: /^DEMO_USERS must not/ },
    ...['-1', '3601', '1.5', '30s', '1e1', '10000'].map(text => ({
      description: `START_TIMEOUT=${text}`,
      env: { START_TIMEOUT: text },
      message: /^START_TIMEOUT/,
    })),
    ...['-1', '61', '1.5', '10s', '1e1', '100'].map(text => ({
      description: `REFRESH_GRACE=${text}`,
      env: { REFRESH_GRACE: text },
      message: /^REFRESH_GRACE/,
    })),
    ...['0', 'true', 'on'].map(text => ({
      description: `REVOKE_ACCESS_TOKENS=${text}`,
      env: { REVOKE_ACCESS_TOKENS: text },
      message: /^REVOKE_ACCESS_TOKENS must be 1/,
    })),
    ...['-1', '3654', '1.5', '30d', '1e1', '0x1'].map(text => ({
      description: `LOG_RETENTION=${text}`,
      env: { LOG_RETENTION: text },
      message: /^LOG_RETENTION/,
    })),
    { description: 'another word for off', env: { RATE_LIMITS: 'no' }, message: /^RATE_LIMITS/ },
  ]
  for (const { description, env, message } of refused) {
    it(`refuses ${description} in one line that names the variable and not its value`, () => {
      expect(() => readConfig(env)).to.throw(ConfigError, message)
      try {
        readConfig(env)
      } catch (error) {
        expect((error as Error).message).not.to.include('\n')
        for (const value of ['hush-hush', SECRET, KEY, OTHER]) expect((error as Error).message).not.to.include(value)
      }
    })
  }

  it('takes the id of a client that is to be reset without a secret', () => {
    const options = { reset: true }
    expect(readConfig({ MANAGEMENT_CLIENT_ID: 'ops' }, options).managementClient).to.deep.equal({ id: 'ops' })
    expect(() => readConfig({ MANAGEMENT_CLIENT_SECRET: 'hush-hush' }, options)).to.throw(ConfigError, /together/)
  })

  it('takes nothing for proxies that Express refuses', () => {
    for (const { env } of accepted) {
      if (!('TRUST_PROXY' in env)) continue
      expect(() => express().set('trust proxy', readConfig(env).trustProxy), env.TRUST_PROXY).not.to.throw()
    }
  })

  it('has the same variables as the help and the documentation', () => {
    const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
    const variable = /\b(?:[A-Z]+(?:_[A-Z]+)+|PORT|HOST|ISSUER|ACCOUNTS)\b/g
    const files = ['config.ts', ...['addresses', 'secrets', 'users'].map(name => `variables/${name}.ts`)]
    const names = new Set(files.flatMap(file => read(`lib/cli/serve/${file}`).match(variable) ?? []))
    expect(names.size).to.be.above(20)
    const help = /^Environment: ([^.]*)\.$/m.exec(read('lib/cli/serve/help.ts'))?.[1]
    expect(help?.match(variable)).to.have.members([...names])
    const rows = rowsOf(sectionOf(readPage('configuration.md'), '## Variables'))
    expect(rows.flatMap(([cell = '']) => codesIn(cell))).to.have.members([...names])
    for (const [name, meaning, byDefault, example] of rows) {
      for (const cell of [meaning, byDefault, example]) expect(cell, name).to.match(/\S/)
    }
  })
})
