import type { AuthInfo } from './resource-server/contract/types.js'

/**
 * Opt-in: declares `req.auth` for the whole program. Import it once, for its types: `import 'scopegate/augment'`.
 * Without it `getAuth(req)` gives the same value, typed, and nothing global is declared.
 */
declare global {
  namespace Express {
    interface Request {
      /** The verified access token; absent where no guard ran, or where an optional credential was not sent. */
      auth?: AuthInfo
    }
  }
}
