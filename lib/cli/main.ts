#!/usr/bin/env node
import { systemClock } from '../clock.js'
import { run } from './run.js'

const { env, stdout, stderr } = process

process.exitCode = await run(process.argv.slice(2), {
  // Opened by those commands alone that read it.
  get stdin() {
    return process.stdin
  },
  ...{ env, stdout, stderr, fetch, clock: systemClock },
})
