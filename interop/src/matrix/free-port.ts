import { createServer } from 'node:net'

/** Below those that systems hand out by themselves, so that nobody gets one between our look and its use */
const [FIRST, COUNT] = [20_000, 10_000] as const

let next = Math.floor(Math.random() * COUNT)

/** A TCP port on loopback that nobody listens on, and that this process has not given away lately */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + (next++ % COUNT)

    if (await isFree(port)) {
      return port
    }
  }

  throw new Error(`no port is free from ${FIRST} to ${FIRST + COUNT - 1}`)
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
