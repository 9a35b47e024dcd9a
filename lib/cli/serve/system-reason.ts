import { getSystemErrorMap } from 'node:util'

/**
 * What the system says of an error in its own constant words (`no space left on device`). LMDB has the system's number,
 * turned round, as the code of its errors; those of MongoDB have numbers of their own.
 */
export function systemReason(error: unknown): string | undefined {
  const { name, errno, code }: { name?: unknown; errno?: unknown; code?: unknown } = Object(error)
  if (name !== 'Error') return undefined
  const number = typeof code === 'number' ? -code : errno
  return typeof number === 'number' ? getSystemErrorMap().get(number)?.[1] : undefined
}
