import type { Permission } from '../../store/records.js'

const RESOURCES = { apis: 'APIs', clients: 'clients' } as const
const VERBS = { create: 'Create', read: 'Read', update: 'Update', delete: 'Delete' } as const

/** What the management API can be asked for: one permission for each thing that is done to each resource. */
export const MANAGEMENT_PERMISSIONS: readonly Permission[] = [
  ...Object.entries(RESOURCES).flatMap(([resource, things]) =>
    Object.entries(VERBS).map(([verb, does]) => ({ value: `${verb}:${resource}`, description: `${does} ${things}` })),
  ),
  { value: 'read:consents', description: 'Read what users have consented to' },
  { value: 'delete:consents', description: 'Delete consents of users, and end the grants that rest on them' },
  { value: 'read:grants', description: 'Read grants of users' },
  { value: 'delete:grants', description: 'End grants of users' },
  { value: 'read:keys', description: 'Read the list of signing keys' },
  { value: 'rotate:keys', description: 'Rotate signing keys' },
  { value: 'delete:keys', description: 'Delete signing keys, in an emergency' },
  { value: 'read:logs', description: 'Read the log' },
]
