import requireOauth4webapi from './require-oauth4webapi.cjs'

export type Oauth4webapi = ReturnType<typeof requireOauth4webapi>

/** oauth4webapi, an optional peer: loaded on first use. @throws Error it is not installed, or does not load here */
export function loadOauth4webapi(): Oauth4webapi {
  try {
    return requireOauth4webapi()
  } catch (cause) {
    const { code }: { code?: unknown } = Object(cause)
    const isMissing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND'
    throw new Error(
      isMissing ? 'tokenClient needs oauth4webapi: npm install oauth4webapi' : 'oauth4webapi cannot be loaded',
      { cause },
    )
  }
}
