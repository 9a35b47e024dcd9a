import type { Clock } from '../clock.js'
import type { Registry } from './context.js'
import type { Emit } from './events.js'
import type { SigningKeys } from './signing-keys.js'

/** What every grant works with. */
export interface TokenServices {
  clock: Clock
  registry: Registry
  signingKeys: SigningKeys
  emit: Emit
}
