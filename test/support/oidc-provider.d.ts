declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  /** As much of it as the tests use; it brings no types. */
  const Provider: new (issuer: string, configuration: object) => { callback(): RequestListener }
  export = Provider
}
