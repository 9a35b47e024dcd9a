import { emit as tell } from '../../../../lib/emit.js'
import { ledgerOfRun } from '../ledger.js'
import { textOf } from '../texts.js'

/** In place of lib/emit.ts: the same, and the ledger hears of every event, whether or not anybody listens. */
export function emit<Event>(listener: ((event: Event) => unknown) | undefined, event: Event): void {
  ledgerOfRun().logged('an event', textOf(event))
  tell(listener, event)
}
