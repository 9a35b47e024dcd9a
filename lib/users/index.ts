export { type DemoUsersOptions, demoUsers } from './demo-users.js'
export { type OidcUsersOptions, oidcUsers } from './oidc-users.js'
export type { ReadyMadeUsers } from '../authorization-server/users/ready-made.js'
