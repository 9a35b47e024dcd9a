export { createAdminRouter } from './router.js'
