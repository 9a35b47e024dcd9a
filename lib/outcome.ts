/**
 * Gives what a function of somebody else returned an owner: where it is a promise, of whatever make, `fail` is told what
 * it rejects with. Never throws.
 */
export function own(outcome: unknown, fail: (reason: unknown) => void): void {
  try {
    if (outcome instanceof Promise) outcome.catch(fail)
    // What is no promise comes to nothing here; what only looks like one may do anything when it is touched.
    else if (isTouchable(outcome)) new Promise(resolve => resolve(outcome)).catch(fail)
  } catch (thrown) {
    fail(thrown)
  }
}

function isTouchable(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

/** For {@link own}: the outcome does not matter. */
export function ignore(): void {}
