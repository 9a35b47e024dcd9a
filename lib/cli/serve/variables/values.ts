import { isRetention } from '../../../authorization-server/log/retention-option.js'
import type { ApiGrantsMode } from '../../../authorization-server/tokens/token-services.js'
import { ConfigError } from '../config-error.js'

export function readAccounts(text: string | undefined): string[] {
  if (!text) return []
  const names = text.split(',').map(name => name.trim())
  if (!names.every(name => /^[a-z0-9-]{1,63}$/.test(name))) {
    throw new ConfigError('ACCOUNTS must be names of 1 to 63 characters of a-z 0-9 -, with commas between them')
  }
  if (new Set(names).size !== names.length) throw new ConfigError('ACCOUNTS must not name an account twice')
  return names
}

export function readKeyMaxAge(text: string | undefined): number | false | undefined {
  if (!text) return undefined
  if (text === 'off') return false
  const days = /^\d{1,6}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (!(days > 0)) throw new ConfigError('KEY_MAX_AGE must be a number of days above 0, such as 90 or 0.5, or off')
  return days
}

export function readSwitch(text: string | undefined, name: string): boolean {
  if (!text || text === 'on') return true
  if (text === 'off') return false
  throw new ConfigError(`${name} must be on or off`)
}

export function readFlag(text: string | undefined, name: string): boolean {
  if (!text) return false
  if (text === '1') return true
  throw new ConfigError(`${name} must be 1, or not be set`)
}

export function readApiGrants(text: string | undefined): ApiGrantsMode {
  if (!text || text === 'open') return 'open'
  if (text === 'required') return text
  throw new ConfigError('API_GRANTS must be open or required')
}

export function readRefreshGrace(text: string | undefined): number | undefined {
  if (!text) return undefined
  const seconds = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds <= 60)) throw new ConfigError('REFRESH_GRACE must be a number of seconds from 0 to 60')
  return seconds
}

export function readLogRetention(text: string | undefined): number | undefined {
  if (!text) return undefined
  const days = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (!isRetention(days)) throw new ConfigError('LOG_RETENTION must be a number of days from 0 (no log) to 3653')
  return days
}

export function readStartTimeout(text: string | undefined): number {
  if (!text) return 30
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds <= 3_600)) throw new ConfigError('START_TIMEOUT must be a number of seconds from 0 to 3600')
  return seconds
}
