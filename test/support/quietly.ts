/** Runs what says on the console what a production needs that a test does not. */
export async function quietly<T>(run: () => T | Promise<T>): Promise<T> {
  const { info, warn } = console
  Object.assign(console, { info: () => {}, warn: () => {} })
  try {
    return await run()
  } finally {
    Object.assign(console, { info, warn })
  }
}
