/**
 * What goes over the wire, counted where no protocol has a say in it: at the TCP sockets of this process, which Node
 * announces on its diagnostics channels.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

const CHANNELS = ['net.client.socket', 'net.server.socket']

/** The sockets of all connections that are made until it is stopped; both ends of each, as both are in this process. */
export class SocketCounter {
  private readonly sockets: Socket[] = []
  private readonly onSocket = (message: unknown): void => {
    this.sockets.push((message as { socket: Socket }).socket)
  }

  constructor() {
    CHANNELS.forEach((channel) => subscribe(channel, this.onSocket))
  }

  /** Bytes sent on all of them since they were opened */
  get bytes(): number {
    return this.sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0)
  }

  stop(): void {
    CHANNELS.forEach((channel) => unsubscribe(channel, this.onSocket))
  }
}
