// Plain JavaScript on purpose: it must run, and say its one sentence, on any Node.
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `hearsay needs Node.js 22.18 or newer, and this is ${process.version}: install a newer one from https://nodejs.org.`
  )
  process.exit(1)
}
