/** Under a name of the whole process: the package may be loaded twice in it, as test runners do. */
const USERS = Symbol.for('scopegate.fetch.users')

/** What keeps keys that it was given. */
interface KeyUser {
  /** The keys are others by now. */
  outdate(): void
}

type Fetch = typeof fetch

/** Notes who uses the keys that this `fetch` gives, where it is one that can say when they change. */
export function noteUser(fetchFunction: Fetch & { [USERS]?: Set<KeyUser> }, user: KeyUser): void {
  fetchFunction[USERS]?.add(user)
}

/**
 * Lets a `fetch` say when its keys change. That of a network cannot; the test kit's can, so that no test has to wait.
 * @returns says so, to all who use it
 */
export function announceChanges(fetchFunction: Fetch): () => void {
  const users = new Set<KeyUser>()
  Object.defineProperty(fetchFunction, USERS, { value: users })
  return () => {
    for (const user of users) user.outdate()
  }
}
