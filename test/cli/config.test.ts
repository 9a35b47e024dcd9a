import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { ConfigError, readConfig } from '../../lib/cli/config.js'

const KEY = Buffer.alloc(32, 7).toString('base64')
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
    { description: 'limits switched off', env: { RATE_LIMITS: 'off' }, config: { rateLimits: false } },
    {
      description: 'a management client',
      env: { MANAGEMENT_CLIENT_ID: 'admin', MANAGEMENT_CLIENT_SECRET: 's' },
      config: { managementClient: { id: 'admin', secret: 's' } },
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
    { description: 'another word for off', env: { RATE_LIMITS: 'no' }, message: /^RATE_LIMITS/ },
  ]
  for (const { description, env, message } of refused) {
    it(`refuses ${description} in one line that names the variable and not its value`, () => {
      expect(() => readConfig(env)).to.throw(ConfigError, message)
      try {
        readConfig(env)
      } catch (error) {
        expect((error as Error).message).not.to.include('\n')
        for (const value of ['hush-hush', KEY, OTHER]) expect((error as Error).message).not.to.include(value)
      }
    })
  }

  it('takes the id of a client that is to be reset without a secret', () => {
    const options = { reset: true }
    expect(readConfig({ MANAGEMENT_CLIENT_ID: 'ops' }, options).managementClient).to.deep.equal({ id: 'ops' })
    expect(() => readConfig({ MANAGEMENT_CLIENT_SECRET: 'hush-hush' }, options)).to.throw(ConfigError, /together/)
  })

  it('has each of its variables in the documentation and in the help', () => {
    const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
    const names = new Set(read('lib/cli/config.ts').match(/\b[A-Z]+(?:_[A-Z]+)+\b|\b(?:PORT|HOST|ISSUER|ACCOUNTS)\b/g))
    for (const other of ['LOOPBACK', 'ERR_INVALID_ARG_VALUE']) names.delete(other)
    expect(names.size).to.be.above(10)
    const [help, page] = [read('lib/cli/main.ts'), read('docs/authorization-server.md')]
    for (const name of names) {
      expect(help, name).to.match(new RegExp(`\\b${name}\\b`))
      expect(page, name).to.match(new RegExp(`^\\|.*\`${name}\`.*\\|$`, 'm'))
    }
  })
})
