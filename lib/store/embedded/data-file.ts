import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { type DataFile, type Tree, type TreeName, walkTree } from './data-pages.js'

/**
 * The format of LMDB's data file, as far as it is checked here. LMDB maps the file and trusts what stands in it: an
 * offset that points nowhere ends the process. All numbers are little-endian, as on every platform this store runs on.
 *
 * Pages 0 and 1 are meta pages: a header, then what follows. Transaction n writes meta page n % 2.
 */
const META = {
  magic: 24,
  version: 28,
  pageSize: 48,
  freeTree: 48,
  mainTree: 96,
  lastPage: 144,
  transaction: 152,
  end: 168,
}
const TREE = { flags: 4, depth: 6, branches: 8, leaves: 16, overflows: 24, entries: 32, root: 40 }
const HEADER = { number: 0, flags: 18 }

const MAGIC = 0xbeefc0de
const VERSION = 2
const META_PAGE = 0x08
/** How the keys of a tree are ordered; the higher flags are the environment's. */
const KEY_FLAGS = 0x7f
const INTEGER_KEYS = 0x08
const NO_PAGE = 0xffff_ffff_ffff_ffffn
const PAGE_SIZES = { min: 512, max: 65_536 }
/** LMDB's own limit: how deep its cursors reach. */
const MAX_DEPTH = 32

interface Meta {
  lastPage: number
  transaction: number
  free: Tree
  main: Tree
}

/**
 * Reads whatever LMDB would follow: both meta pages, and every page that the newest transaction reaches.
 * Values are not decoded. Costs one read of each branch and leaf page.
 *
 * @throws Error says what is wrong; also an error of the system
 */
export function checkDataFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    check(descriptor, fstatSync(descriptor).size)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Gives back what stands behind the last page in use, after a write that failed: the system may take what it has in memory
 * alone for written, and does not bring to the disk what is written there again.
 *
 * @throws Error the file is damaged; an error of the system, also where nothing is to give back and the file cannot be written
 */
export function cutUnused(path: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    const { pageSize, lastPage } = readNewest(descriptor)
    const used = pageSize * (lastPage + 1)
    if (fstatSync(descriptor).size >= used) ftruncateSync(descriptor, used)
  } finally {
    closeSync(descriptor)
  }
}

function readNewest(descriptor: number): Meta & { pageSize: number } {
  const first = readBytes(descriptor, 0, META.end)
  const pageSize = first.readUInt32LE(META.pageSize)
  const metas = [
    readMeta(first, 0, pageSize),
    readMeta(readBytes(descriptor, pageSize, META.end), 1, pageSize),
  ] as const
  return { pageSize, ...newest(...metas) }
}

function check(descriptor: number, size: number): void {
  const { pageSize, lastPage, transaction, free, main } = readNewest(descriptor)
  const file: DataFile = {
    pageSize,
    transaction,
    lastPage,
    pages: Math.min(lastPage + 1, Math.floor(size / pageSize)),
    read: (page, length) => readBytes(descriptor, page * pageSize, length),
    seen: new Set(),
  }
  walkTree(file, free)
  walkTree(file, main)
}

function readBytes(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  if (readSync(descriptor, bytes, 0, length, position) !== length)
    throw new Error(`it ends within ${position + length} bytes`)
  return bytes
}

function readMeta(bytes: Buffer, number: 0 | 1, pageSize: number): Meta {
  const wrong = (what: string): never => {
    throw new Error(`meta page ${number} has ${what}`)
  }
  if (bytes.readUInt32LE(META.magic) !== MAGIC) wrong('another mark')
  if (bytes.readUInt32LE(META.version) !== VERSION) wrong(`version ${bytes.readUInt32LE(META.version)}, not ${VERSION}`)
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0
  if (!isPowerOfTwo || pageSize < PAGE_SIZES.min || pageSize > PAGE_SIZES.max) wrong(`pages of ${pageSize} bytes`)
  if (bytes.readUInt32LE(META.pageSize) !== pageSize) wrong('another page size')
  if (bytes.readBigUInt64LE(HEADER.number) !== BigInt(number)) wrong('another number')
  if (bytes.readUInt16LE(HEADER.flags) !== META_PAGE) wrong('the flags of another page')
  const lastPage = Number(bytes.readBigUInt64LE(META.lastPage))
  const transaction = Number(bytes.readBigUInt64LE(META.transaction))
  if (lastPage < 1 || !Number.isSafeInteger(lastPage * pageSize)) wrong(`a last page ${lastPage}`)
  if (!Number.isSafeInteger(transaction)) wrong(`a transaction ${transaction}`)
  const free = readTree(bytes, META.freeTree, 'free')
  return { lastPage, transaction, free, main: readTree(bytes, META.mainTree, 'main') }
}

function readTree(bytes: Buffer, offset: number, name: TreeName): Tree {
  const read = (field: 'branches' | 'leaves' | 'overflows' | 'entries'): number =>
    Number(bytes.readBigUInt64LE(offset + TREE[field]))
  const depth = bytes.readUInt16LE(offset + TREE.depth)
  const root = bytes.readBigUInt64LE(offset + TREE.root)
  const order = bytes.readUInt16LE(offset + TREE.flags) & KEY_FLAGS
  if (order !== (name === 'free' ? INTEGER_KEYS : 0)) throw new Error(`the ${name} tree has another order`)
  if (depth > MAX_DEPTH || (depth === 0) !== (root === NO_PAGE)) throw new Error(`the ${name} tree is ${depth} deep`)
  const size = {
    branches: read('branches'),
    leaves: read('leaves'),
    overflows: read('overflows'),
    entries: read('entries'),
  }
  return { name, depth, root: Number(root), ...size }
}

/** Every transaction is written after the one before: the two pages hold neighbours, or nothing was ever written. */
function newest(even: Meta, odd: Meta): Meta {
  const isNew = even.transaction === 0 && odd.transaction === 0
  const areNeighbours = Math.abs(even.transaction - odd.transaction) === 1 && even.transaction % 2 === 0
  if (!isNew && !areNeighbours)
    throw new Error(`transactions ${even.transaction} and ${odd.transaction} are no neighbours`)
  return odd.transaction > even.transaction ? odd : even
}
