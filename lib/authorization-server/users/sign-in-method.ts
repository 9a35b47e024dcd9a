import type { Clock } from '../../clock.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Sessions } from './sessions.js'
import type { SignIns } from './sign-ins.js'

/** What a method of signing in works with, once a server has it. */
export interface SignInTools {
  clock: Clock
  sessions: Sessions
  signIns: SignIns
}

/** A way to sign in: its pages, and who is known to it. */
export interface SignInMethod {
  /** Stands in the sessions that it makes: one that another method has made is none. */
  source: string
  /** Is the user of a session still one that may be signed in? Default: yes. */
  knows?(user: string): boolean
  /** What it serves, by path: `/login` and what stands below it. */
  handlers(tools: SignInTools): ReadonlyMap<string, AccountHandler>
}
