import { emit } from '../../emit.js'
import type { EventListener, VerifierEvent } from '../contract/events.js'

/**
 * The listeners of all guards that share a key set, each told once. Held weakly: a guard that is thrown away takes its
 * listener along.
 */
export class Listeners {
  readonly #references = new Set<WeakRef<EventListener>>()

  add(listener: EventListener): void {
    for (const reference of this.#references) {
      const known = reference.deref()
      if (known === listener) return
      if (known === undefined) this.#references.delete(reference)
    }
    this.#references.add(new WeakRef(listener))
  }

  emit(event: VerifierEvent): void {
    for (const reference of this.#references) emit(reference.deref(), event)
  }
}
