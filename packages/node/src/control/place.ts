/**
 * Where the control API of a running node is, and what opens it: `control.json` in its data directory. The node writes
 * it once it listens and removes it first thing when it stops. One that was killed leaves it behind: then nobody answers
 * at that place, and the token, which is new with each start, opens nothing.
 */
import { readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from '../whole-file.ts'

export const PLACE_FILE = 'control.json'
export const SOCKET_FILE = 'control.sock'

const hostAndPort = z.object({ host: z.string(), port: z.int().min(1).max(65_535) })
const schema = z.object({
  pid: z.int().min(1),
  /** A Unix socket … */
  socket: z.string().optional(),
  /** … or TCP, with a token */
  tcp: hostAndPort.optional(),
  token: z.string().optional()
})

export type Place = z.infer<typeof schema>

/** In ms; a process of this machine takes a connection at once, even a busy one */
const CONNECT_TIMEOUT = 1_000

export async function writePlace(dataDir: string, place: Place): Promise<void> {
  await writeWhole(join(dataDir, PLACE_FILE), `${JSON.stringify(place)}\n`)
}

/** @returns undefined when there is none, or none that can be understood */
export async function readPlace(dataDir: string): Promise<Place | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(join(dataDir, PLACE_FILE), 'utf8')))
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException

    if (code === 'EACCES' || code === 'EPERM') {
      throw err
    }

    return undefined
  }
}

/** Unless another node has put its own there */
export async function removePlace(dataDir: string, own: Place): Promise<void> {
  const place = await readPlace(dataDir).catch(() => undefined)

  if (JSON.stringify(place) === JSON.stringify(schema.parse(own))) {
    await rm(join(dataDir, PLACE_FILE), { force: true })
  }
}

/** Whether somebody answers there; a node that was killed does not */
export async function isTaken({ socket, tcp, pid }: Place): Promise<boolean> {
  // its port may be another program's by now
  return socket === undefined ? tcp !== undefined && isRunning(pid) && takesConnection(tcp) : takesConnection(socket)
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether a process listens there, and takes us */
export async function takesConnection(target: string | { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof target === 'string' ? connect(target) : connect(target)
    const end = (taken: boolean) => (): void => {
      socket.destroy()
      resolve(taken)
    }
    socket.setTimeout(CONNECT_TIMEOUT, end(false)).once('connect', end(true)).once('error', end(false))
  })
}
