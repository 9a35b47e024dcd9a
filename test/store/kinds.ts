import type { RecordKind, StoredRecord } from '../../lib/store/port.js'

/** A kind of the tests' own, with one of everything that a kind can declare. */
export interface Thing extends StoredRecord {
  name?: string
  code?: string
  note?: string
  size?: number
  open?: boolean
  seen?: Date
  tags?: string[]
  parts?: { value: string; description?: string }[]
  gone_at?: Date
}

export const THING_KIND: RecordKind<Thing> = {
  name: 'things',
  idPrefix: 'thg_',
  unique: ['name', 'code'],
  indexes: ['size', 'tags', 'parts.value', 'seen'],
  text: ['name', 'note'],
  fields: {
    id: { path: 'id', type: 'string' },
    name: { path: 'name', type: 'string' },
    note: { path: 'note', type: 'string' },
    size: { path: 'size', type: 'number' },
    open: { path: 'open', type: 'boolean' },
    seen: { path: 'seen', type: 'date' },
    tags: { path: 'tags', type: 'string' },
    part: { path: 'parts.value', type: 'string' },
    createdAt: { path: 'createdAt', type: 'date' },
  },
  expiresAt: 'gone_at',
}

/** The same, for records that come in large numbers one after the other. */
export const APPENDED_KIND: RecordKind<Thing> = {
  ...{ ...THING_KIND, name: 'appended_things', idPrefix: 'app_' },
  unique: [],
  isAppended: true,
}

export const NOON = Date.UTC(2026, 0, 31, 12)

/** A record with good defaults; `at` is milliseconds after noon. */
export function thing(id: string, members: Partial<Thing> = {}, at = 0): Thing {
  const createdAt = new Date(NOON + at)
  return { id, account: 'acme', revision: 1, createdAt, updatedAt: createdAt, ...members }
}
