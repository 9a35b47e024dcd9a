import { type Connection, type Model, Schema } from 'mongoose'
import { foldCase } from '../../query/tree.js'
import type { RecordKind, StoredRecord } from '../port.js'
import { SEARCH } from './to-filter.js'

/** The hidden member that holds `field:account/value` for each unique field: one index keeps them all. */
export const UNIQUE = '_unique'

/** What was acknowledged outlives its primary. Given with each insertion too: of those mongoose leaves out the schema's. */
export const MAJORITY = { w: 'majority' } as const

/** What stands in the collection: the record, its key, and what is derived from it. */
export type Stored = StoredRecord & { _id: string; [UNIQUE]: string[]; [SEARCH]: string[] }

/** The key in the collection: ids are unique per account only. */
export const keyOf = (account: string, id: string): string => `${account}/${id}`

/** What a unique field of a record is entered as. */
export const uniqueEntry = (field: string, account: string, value: string): string => `${field}:${account}/${value}`

/**
 * The model of a record kind: the paths that may be filtered by, and its indexes. Model and collection have one name, which
 * begins with the prefix, so that neither meets one of the host's.
 */
export function createModel<T extends StoredRecord>(
  connection: Connection,
  kind: RecordKind<T>,
  prefix: string,
): Model<Stored> {
  const name = prefix + kind.name
  const known: Model<Stored> | undefined = connection.models[name] as Model<Stored> | undefined
  return known ?? connection.model<Stored>(name, withoutPlugins(createSchema(kind)), name)
}

/** A plugin that the host has for all its schemas would change our records and queries: mongoose takes it for applied. */
function withoutPlugins<S extends Schema<Stored>>(schema: S): S {
  return Object.assign(schema, { $globalPluginsApplied: true })
}

function createSchema<T extends StoredRecord>(kind: RecordKind<T>): Schema<Stored> {
  const schema = new Schema<Stored>(schemaPaths(kind), {
    strict: false,
    strictQuery: 'throw',
    versionKey: false,
    autoCreate: false,
    autoIndex: false,
    minimize: false,
    // Also on a connection of the host's that reads elsewhere: what was written must be seen by the next read.
    read: 'primary',
    writeConcern: MAJORITY,
  })
  schema.index({ account: 1, createdAt: -1, id: -1 })
  for (const path of [...kind.unique, ...kind.indexes]) schema.index({ account: 1, [path]: 1, createdAt: -1, id: -1 })
  if (kind.unique.length > 0) schema.index({ [UNIQUE]: 1 }, { unique: true })
  if (kind.expiresAt !== undefined) schema.index({ [kind.expiresAt]: 1 }, { expireAfterSeconds: 0 })
  return schema
}

/** Mixed, because nothing is to be cast: values have their types already. */
function schemaPaths<T extends StoredRecord>(kind: RecordKind<T>): Record<string, unknown> {
  const filtered = Object.values(kind.fields).map(({ path }) => path)
  const named = ['id', 'account', 'revision', 'createdAt', 'updatedAt', UNIQUE, SEARCH, ...kind.unique, ...kind.indexes]
  const paths = kind.expiresAt === undefined ? [...named, ...filtered] : [...named, ...filtered, kind.expiresAt]
  const tops = paths.map(path => path.split('.', 1)[0] ?? path)
  return { _id: String, ...Object.fromEntries(tops.map(path => [path, Schema.Types.Mixed])) }
}

/** A record as it is stored. */
export function toStored<T extends StoredRecord>(record: T, kind: RecordKind<T>): Stored & T {
  return {
    ...record,
    _id: keyOf(record.account, record.id),
    [UNIQUE]: uniqueEntries(record, kind),
    [SEARCH]: kind.text.flatMap(field => {
      const value = record[field]
      return typeof value === 'string' ? [foldCase(value)] : []
    }),
  }
}

/** The key itself is an entry too, so that no record is without one: absent would be a value that two could share. */
function uniqueEntries<T extends StoredRecord>(record: T, kind: RecordKind<T>): string[] {
  const entries = kind.unique.flatMap(field => {
    const value = record[field]
    return typeof value === 'string' ? [uniqueEntry(field, record.account, value)] : []
  })
  return [`:${keyOf(record.account, record.id)}`, ...entries]
}

/** A record as it was given. */
export function fromStored<T extends StoredRecord>(stored: Stored): T {
  const { _id, [UNIQUE]: _unique, [SEARCH]: _search, ...record } = stored
  return record as unknown as T
}
