export { MINTED, type Minted, mint, oneWay } from '../context/one-way.js'
