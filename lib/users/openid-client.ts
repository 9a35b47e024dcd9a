import requireOpenidClient from './require-openid-client.cjs'

export type OpenidClient = ReturnType<typeof requireOpenidClient>

/** openid-client, an optional peer: loaded on first use. @throws Error it is not installed, or does not load here */
export function loadOpenidClient(): OpenidClient {
  try {
    return requireOpenidClient()
  } catch (cause) {
    const { code }: { code?: unknown } = Object(cause)
    const isMissing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND'
    throw new Error(
      isMissing ? 'oidcUsers needs openid-client: npm install openid-client' : 'openid-client cannot be loaded',
      { cause },
    )
  }
}
