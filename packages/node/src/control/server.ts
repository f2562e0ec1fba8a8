import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { StartError } from '../errors.ts'
import { isLoopback } from '../loopback.ts'
import { createApp } from './app.ts'
import { closeServer, createHttpServer, listening } from './http.ts'
import { removePlace, SOCKET_FILE, writePlace } from './place.ts'
import { listenOnFile } from './socket-file.ts'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Hono } from 'hono'
import type { Endpoint, HostPort } from '../config/kinds.ts'
import type { Log } from '../log.ts'
import type { AppInit } from './app.ts'
import type { Place } from './place.ts'

/** In bytes; the shortest that a system allows for the path of a socket is macOS's, less its final zero */
const MAX_SOCKET_PATH = 103

const FLAG = 'control API (--control-api)'

export interface ControlServerInit extends Pick<AppInit, 'routes' | 'handlers' | 'version'> {
  dataDir: string
  log: Log
}

/** HTTP for the command line and other programs on this machine. */
export class ControlServer {
  private readonly init: ControlServerInit
  private readonly shutdown = new AbortController()
  private server: Server | undefined
  private place: Place | undefined

  constructor(init: ControlServerInit) {
    this.init = init
  }

  /**
   * @param endpoint - a socket in the data directory by default
   * @returns where it listens, as `http://host:port` or the path of a socket
   * @throws {StartError} when it cannot listen there
   */
  async listen(endpoint: Endpoint | undefined): Promise<string> {
    this.place = await this.open(endpoint)
    await this.tell(this.place)
    return addressOf(this.place)
  }

  /** From now on commands find no node here */
  async hide(): Promise<void> {
    if (this.place !== undefined) {
      await removePlace(this.init.dataDir, this.place)
    }
  }

  async stop(): Promise<void> {
    await this.hide()
    this.shutdown.abort()
    await closeServer(this.server)
  }

  private async open(endpoint: Endpoint | undefined): Promise<Place> {
    const { path, host, port } = targetOf(endpoint, this.init.dataDir)

    if (path === undefined) {
      return this.listenOnTcp({ host, port })
    }

    try {
      return await this.listenOnSocket(path)
    } catch (err) {
      if (endpoint !== undefined) {
        throw err
      }

      // a directory where there can be no sockets, or where somebody has put another
      return this.listenOnTcp({ host, port })
    }
  }

  private async tell(place: Place): Promise<void> {
    const { dataDir } = this.init

    try {
      await writePlace(dataDir, place)
    } catch (err) {
      throw new StartError(`cannot use the data directory ${dataDir}: ${(err as Error).message}`, { cause: err })
    }
  }

  private async listenOnSocket(socket: string): Promise<Place> {
    const server = createHttpServer(this.createApp({}).fetch)
    await listenOnFile(server, socket, FLAG)
    this.server = server
    return { pid: process.pid, socket }
  }

  private async listenOnTcp({ host, port }: HostPort): Promise<Place> {
    const token = randomBytes(32).toString('base64url')
    this.server = createHttpServer(this.createApp({ token, host }).fetch)
    await listening(this.server, () => this.server!.listen(port, host), `${host}:${port}`, FLAG)
    const { address, port: bound } = this.server.address() as AddressInfo

    if (!isLoopback(address)) {
      this.init.log.warn(`the control API listens on ${address}: whoever has its token governs this node from there`)
    }

    return { pid: process.pid, tcp: { host: address, port: bound }, token }
  }

  private createApp(guard: { token?: string; host?: string }): Hono {
    return createApp({ ...this.init, ...guard, signal: this.shutdown.signal })
  }
}

function targetOf(endpoint: Endpoint | undefined, dataDir: string): HostPort & { path?: string } {
  const anyPort = { host: '127.0.0.1', port: 0 }

  if (endpoint === undefined || 'path' in endpoint) {
    const path = resolve(endpoint?.path ?? join(dataDir, SOCKET_FILE))
    const fits = process.platform !== 'win32' && Buffer.byteLength(path) <= MAX_SOCKET_PATH
    // one that was asked for by its path and does not fit is the system's to refuse
    return fits || endpoint !== undefined ? { ...anyPort, path } : anyPort
  }

  return endpoint
}

function addressOf({ socket, tcp }: Place): string {
  return socket ?? `http://${tcp!.host.includes(':') ? `[${tcp!.host}]` : tcp!.host}:${tcp!.port}`
}
