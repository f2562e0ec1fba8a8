#!/usr/bin/env node
// Imports nothing until the version is known: on an older Node libp2p fails with a stack trace of its own.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`hearsay needs Node.js 22.18 or newer, and this is ${process.version}: see https://nodejs.org\n`)
  process.exitCode = 1
} else {
  const { run } = await import('./program.ts')
  process.exitCode = await run(process.argv.slice(2))
}
