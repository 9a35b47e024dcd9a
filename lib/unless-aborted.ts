/**
 * The outcome of what runs, or the reason of the signal once that is aborted. What was given up goes on, and its outcome is
 * nobody's.
 */
export async function unlessAborted<T>(running: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return running
  let abort = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
  try {
    return await Promise.race([running, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
