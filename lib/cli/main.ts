#!/usr/bin/env node
import { systemClock } from '../clock.js'
import { run } from './run.js'

const { env, stdin, stdout, stderr } = process

process.exitCode = await run(process.argv.slice(2), { env, stdin, stdout, stderr, fetch, clock: systemClock })
