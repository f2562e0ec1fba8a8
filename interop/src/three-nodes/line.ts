import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HearsayProcess } from './hearsay-process.ts'
import { NOTIFY, RawClient } from './raw-client.ts'
import { until } from './until.ts'

export type NodeName = 'A' | 'B' | 'C'

export interface LineInit {
  /** The program's main file. @default the one built from this workspace */
  main?: string | undefined
  /** Takes progress for whoever watches */
  say: (text: string) => void
  signal: AbortSignal
}

const MAIN = fileURLToPath(new URL('../../../packages/node/dist/cli/main.js', import.meta.url))

/** No search within an hour, so that nobody hears of others and A never dials C; real proofs of work */
const FLAGS = ['--search-cooldown', '3600', '--difficulty-bits', '24']

/** Of each node's log, for a failure */
const TAIL_LINES = 12

/** Three nodes A–B–C, a client at each, and all there is to clean up. */
export class Line {
  readonly say: (text: string) => void
  readonly signal: AbortSignal
  /** Texts that C's client should have heard, in order. BOUNDED by the checks */
  readonly passedOn: string[] = []
  private readonly main: string
  private readonly folder: string
  /** The latest of each name */
  private readonly nodes = new Map<NodeName, HearsayProcess>()
  private readonly clients = new Map<NodeName, RawClient>()
  /** Every process ever started. BOUNDED by the demonstration */
  private readonly processes: HearsayProcess[] = []
  private readonly onExit = (): void => this.dispose()

  constructor({ main = MAIN, say, signal }: LineInit) {
    this.main = main
    this.say = say
    this.signal = signal
    this.folder = mkdtempSync(join(tmpdir(), 'hearsay-three-nodes-'))
    // whatever ends this process, its children go first
    process.once('exit', this.onExit)
  }

  /** @throws {Error} when it is not there, because an earlier check failed */
  node(name: NodeName): HearsayProcess {
    return this.nodes.get(name) ?? missing(`node ${name}`)
  }

  client(name: NodeName): RawClient {
    return this.clients.get(name) ?? missing(`the client of ${name}`)
  }

  /** On the ports it had, when it is not the first of its name; else on free ones */
  async start(name: NodeName, peer?: NodeName): Promise<HearsayProcess> {
    if (!existsSync(this.main)) {
      throw new Error(`${this.main} does not exist: build it with "npx -y pnpm@12 build"`)
    }

    const earlier = this.nodes.get(name)
    const listen = earlier?.address.replace(/\/p2p\/.*/, '') ?? '/ip4/127.0.0.1/tcp/0'
    const known = peer === undefined ? [] : ['--peer', this.node(peer).address]
    const flags = ['--listen', listen, '--gossip-api', earlier?.api ?? '127.0.0.1:0', ...known, ...FLAGS]
    const { main, signal } = this
    const init = { name, main, dataDir: join(this.folder, name), flags, signal }
    const node = await HearsayProcess.start(init, (each) => this.processes.push(each))
    this.nodes.set(name, node)
    this.say(`${name} is process ${node.pid}: ${node.address}, gossip API on ${node.api}`)
    return node
  }

  /** A subscribed client; the one of B says only what it is told to */
  async connect(name: NodeName): Promise<RawClient> {
    const { api } = this.node(name)
    const { signal } = this
    const client = await RawClient.connect({ name: `the client of ${name}`, api, agreeing: name !== 'B', signal })
    this.clients.get(name)?.close()
    this.clients.set(name, client)
    client.send(NOTIFY)
    return client
  }

  async until(what: string, done: () => boolean, within?: number): Promise<void> {
    await until(what, done, { signal: this.signal, ...(within === undefined ? {} : { within }) })
  }

  /** What the nodes said last */
  tails(): string {
    const tails = this.processes.flatMap(({ name, log }) => log.slice(-TAIL_LINES).map((line) => `${name} | ${line}`))
    return tails.length === 0 ? '' : `the nodes' last words:\n${tails.join('\n')}`
  }

  /** Ends what is still running and removes what was written; safe twice */
  dispose(): void {
    process.off('exit', this.onExit)
    this.clients.forEach((client) => client.close())
    this.processes.forEach((node) => node.kill())
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function missing(what: string): never {
  throw new Error(`${what} is not there: an earlier check failed`)
}
