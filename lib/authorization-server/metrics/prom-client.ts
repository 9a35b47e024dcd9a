import requirePromClient from './require-prom-client.cjs'

export type PromClient = ReturnType<typeof requirePromClient>

/** What is said where prom-client is not installed. */
export const PROM_CLIENT_MISSING = 'metrics need prom-client: npm install prom-client'

/** prom-client, an optional peer: loaded on first use. @throws Error it is not installed, or does not load here */
export function loadPromClient(): PromClient {
  try {
    return requirePromClient()
  } catch (cause) {
    const { code }: { code?: unknown } = Object(cause)
    throw new Error(code === 'MODULE_NOT_FOUND' ? PROM_CLIENT_MISSING : 'prom-client cannot be loaded', { cause })
  }
}
