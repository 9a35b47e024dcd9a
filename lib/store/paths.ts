import type { Filter } from '../query/tree.js'
import type { RecordKind, StoredRecord } from './port.js'

const BASE = ['id', 'account', 'createdAt', 'updatedAt', 'revision']

/** Throws where a filter names a path that the kind does not declare: a mistake of ours, never of a user. */
export function assertPaths<T extends StoredRecord>(filter: Filter, kind: RecordKind<T>): void {
  switch (filter.type) {
    case 'and':
      for (const node of filter.nodes) assertPaths(node, kind)
      return
    case 'not':
      assertPaths(filter.node, kind)
      return
    case 'compare':
    case 'prefix': {
      const known = [...BASE, ...kind.unique, ...kind.indexes, ...Object.values(kind.fields).map(({ path }) => path)]
      if (!known.includes(filter.path)) throw new TypeError(`${kind.name} has no field ${filter.path} to filter by`)
      return
    }
    case 'text':
      return
  }
}
