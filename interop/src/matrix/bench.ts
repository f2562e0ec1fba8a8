import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { HearsayProcess } from '../three-nodes/hearsay-process.ts'
import { until } from '../three-nodes/until.ts'
import { ApiClient } from './api-client.ts'
import { DhtClient } from './dht-client.ts'
import { PeerProcess } from './peer-process.ts'
import type { OurNode } from './our-node.ts'
import type { Program } from './peer-process.ts'

export interface BenchInit {
  /** Where logs go; it is made */
  folder: string
  /** The other implementation's */
  program: Program
  /** What is run as our node */
  ours: OurNode
  signal: AbortSignal
}

export interface NodeOptions {
  /** Addresses of known peers. @default [] */
  peers?: readonly string[]
  /** Further flags of `hearsay start`. @default [] */
  flags?: readonly string[]
}

/** In characters, the newest, of what a program that failed said */
const MAX_SAID = 2_000

/** What one cell runs: nodes of ours, clients of their APIs, peers of another implementation; and their logs. */
export class Bench {
  readonly signal: AbortSignal
  /** For steps worth a line in the cell's own log */
  readonly notes: string[] = []
  /** For the report */
  readonly figures: string[] = []
  private readonly folder: string
  private readonly program: Program
  private readonly ours: OurNode
  private readonly dataDirs: string
  // BOUNDED by what a cell starts
  private readonly nodes: HearsayProcess[] = []
  private readonly clients: { close(): void }[] = []
  private readonly peers: PeerProcess[] = []
  private readonly onExit = (): void => this.kill()

  constructor({ folder, program, ours, signal }: BenchInit) {
    this.folder = folder
    this.ours = ours
    this.program = program
    this.signal = signal
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    this.dataDirs = mkdtempSync(join(tmpdir(), 'hearsay-interop-'))
    // whatever ends this process, its children go first
    process.once('exit', this.onExit)
  }

  /** `hearsay start` on free ports */
  async node(name: string, { peers = [], flags = [] }: NodeOptions = {}): Promise<HearsayProcess> {
    const known = peers.flatMap((address) => ['--peer', address])
    const { main, freePorts } = this.ours
    const init = { name, main, dataDir: join(this.dataDirs, name), flags: [...freePorts, ...known, ...flags] }
    const node = await HearsayProcess.start({ ...init, signal: this.signal }, (each) => this.nodes.push(each))
    this.note(`${name} is ${node.address}`)
    return node
  }

  /** A client of a node's gossip API */
  client({ api }: { api: string }, dataTypes: readonly number[]): ApiClient {
    const client = new ApiClient(api, dataTypes, this.signal)
    this.clients.push(client)
    return client
  }

  /** A client of a node's DHT API */
  dhtClient(api: string): DhtClient {
    const client = new DhtClient(api, this.signal)
    this.clients.push(client)
    return client
  }

  /**
   * A program under the process contract.
   *
   * @param settings - `PEER_…` variables without the prefix
   * @param program - the other implementation's, unless another is given
   */
  peer(name: string, settings: Readonly<Record<string, string>>, program: Program = this.program): PeerProcess {
    const logFile = join(this.folder, `${name}-${this.peers.length}.log`)
    this.note(
      `${name}: ${Object.entries(settings)
        .map(([key, value]) => `PEER_${key}=${value}`)
        .join(' ')}`
    )
    const peer = new PeerProcess({ name, program, settings, logFile, signal: this.signal })
    this.peers.push(peer)
    return peer
  }

  /**
   * Runs a program to its end.
   *
   * @throws {Error} with what it said last, unless its exit code is 0
   */
  async command(name: string, command: string, args: readonly string[]): Promise<void> {
    this.note(`${command} ${args.join(' ')}`)
    const env = { ...process.env, NO_COLOR: '1' }
    const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'], signal: this.signal })
    const log = createWriteStream(this.file(`${name}.log`))
    let said = ''
    const listen = (text: string): void => {
      log.write(text)
      said = (said + text).slice(-MAX_SAID)
    }
    child.stdout.setEncoding('utf8').on('data', listen)
    child.stderr.setEncoding('utf8').on('data', listen)
    const [code] = (await once(child, 'close')) as [number | null]
    log.end()
    await finished(log)

    if (code !== 0) {
      throw new Error(`${name} ended with exit code ${code}: ${said.trim()}`)
    }
  }

  /** A path for a file of the cell, beside its logs */
  file(name: string): string {
    return join(this.folder, name)
  }

  note(text: string): void {
    this.notes.push(text)
  }

  /** A note that the report has too */
  figure(text: string): void {
    this.figures.push(text)
    this.note(text)
  }

  async until(what: string, done: () => boolean, within = 30_000): Promise<void> {
    await until(what, done, { within, signal: this.signal })
  }

  /** What has not come within so many ms does not come; nothing tells from outside that it has */
  async settle(ms: number): Promise<void> {
    const end = performance.now() + ms
    await this.until('words to go round', () => performance.now() > end, 2 * ms)
  }

  /** Ends everything, and writes the logs; safe twice */
  async dispose(): Promise<void> {
    process.off('exit', this.onExit)
    this.kill()
    await Promise.all(this.peers.splice(0).map(async (peer) => peer.dispose()))
    await until('the nodes to be gone', () => this.nodes.every(({ hasEnded }) => hasEnded), {
      signal: new AbortController().signal
    })

    for (const [at, { name, log }] of this.nodes.splice(0).entries()) {
      writeFileSync(join(this.folder, `node-${name}-${at}.log`), `${log.join('\n')}\n`)
    }

    writeFileSync(join(this.folder, 'cell.log'), `${this.notes.join('\n')}\n`)
    rmSync(this.dataDirs, { recursive: true, force: true })
  }

  private kill(): void {
    this.clients.forEach((client) => client.close())
    this.nodes.forEach((node) => node.kill())
    this.peers.forEach((peer) => peer.kill())
  }
}
