import { isLoopback } from '../../../authorization-server/context/issuer.js'
import { isUserId } from '../../../authorization-server/users/user-id.js'
import { isProviderIssuer } from '../../../users/provider-issuer.js'
import type { Config, Environment, LoginProvider } from '../config.js'
import { ConfigError } from '../config-error.js'

export function readUsers(env: Environment, issuer: string): Pick<Config, 'login' | 'demoUsers'> {
  const login = readLogin(env)
  const demoUsers = readDemoUsers(env['DEMO_USERS'])
  if (demoUsers === undefined) return login === undefined ? {} : { login }
  if (login !== undefined) throw new ConfigError('DEMO_USERS and LOGIN_ISSUER must not be given together')
  if (issuer !== '' && !isLoopback(new URL(issuer))) {
    throw new ConfigError('DEMO_USERS needs an ISSUER on a loopback host: nobody is asked for a password')
  }
  return { demoUsers }
}

function readLogin(env: Environment): LoginProvider | undefined {
  const { LOGIN_ISSUER: issuer, LOGIN_CLIENT_ID: clientId, LOGIN_CLIENT_SECRET: clientSecret } = env
  if (!issuer && !clientId && !clientSecret) return undefined
  if (!issuer || !clientId || !clientSecret) {
    throw new ConfigError('LOGIN_ISSUER, LOGIN_CLIENT_ID and LOGIN_CLIENT_SECRET must be given together')
  }
  if (!isProviderIssuer(issuer)) {
    throw new ConfigError(
      'LOGIN_ISSUER must be an https URL without query and fragment (http only for a loopback host)',
    )
  }
  return { issuer, clientId, clientSecret }
}

function readDemoUsers(text: string | undefined): string[] | undefined {
  if (!text) return undefined
  const names = text.split(',').map(name => name.trim())
  if (names.length > 100 || !names.every(isUserId)) {
    throw new ConfigError('DEMO_USERS must be 1 to 100 names of visible ASCII characters, with commas between them')
  }
  if (new Set(names).size !== names.length) throw new ConfigError('DEMO_USERS must not name a user twice')
  return names
}
