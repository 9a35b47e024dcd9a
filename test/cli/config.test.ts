import { expect } from 'chai'
import { ConfigError, readConfig } from '../../lib/cli/config.js'

const KEY = Buffer.alloc(32, 7).toString('base64')

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
        expect((error as Error).message).not.to.include('hush-hush')
      }
    })
  }
})
