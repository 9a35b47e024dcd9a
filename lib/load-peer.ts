/**
 * Loads an optional peer.
 *
 * @param load requires it
 * @param name the package
 * @param missing what is said where it is not installed
 * @throws Error it is not installed, or does not load here
 */
export function loadPeer<T>(load: () => T, name: string, missing: string): T {
  try {
    return load()
  } catch (cause) {
    const { code }: { code?: unknown } = Object(cause)
    const isMissing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND'
    throw new Error(isMissing ? missing : `${name} cannot be loaded`, { cause })
  }
}
