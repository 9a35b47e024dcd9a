declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  // biome-ignore lint/style/noDefaultExport: this is how the package is
  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): RequestListener
  }
}
