// An issuer of the name that docs/recipes.md gives, for guards that use the global fetch. It is down at first.
import { testIssuer } from 'scopegate/testing'

export const network = globalThis.fetch
export const issuer = await testIssuer({ audience: 'https://api.example.com', issuer: 'https://id.example.com' })

issuer.fail('refuse')
globalThis.fetch = issuer.resourceServerOptions.fetch
