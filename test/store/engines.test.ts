import { describeStores } from '../support/stores.js'
import { storeContract } from './contract.js'

describeStores('store contract', storeContract)
