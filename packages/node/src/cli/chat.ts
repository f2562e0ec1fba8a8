/**
 * A chat on shouts and whispers. Whoever speaks is named by the hash of its record, which its key proves: nobody can take
 * another's name.
 */
import { clearScreenDown, createInterface, cursorTo, moveCursor } from 'node:readline'
import { ControlError } from '../control/client.ts'
import { printable, shortUser, valueText } from './text.ts'
import type { Interface } from 'node:readline'
import type { ControlClient, StreamEvent } from '../control/client.ts'
import type { Records } from '../control/routes/cup2py.ts'
import type { Said, Sent, ShoutPeers } from '../control/routes/shout.ts'

const HELP = [
  'what you type is told to everybody',
  '/who                  who is there, and who is known',
  '/whisper <name> text  to one, sealed; the name is what stands before the colon',
  '/help                 this',
  '/quit                 leave; so does Ctrl-D'
]
/** In ms; see say.ts */
const WHISPER_TIMEOUT = 60_000
/** Names that /who lists */
const LISTED = 50

/** @returns the exit code */
export async function runChat(client: ControlClient, json: boolean): Promise<number> {
  return new Chat(client, new ChatTerminal(json)).run()
}

class Chat {
  private readonly client: ControlClient
  private readonly terminal: ChatTerminal
  private readonly ending = new AbortController()
  /** Once we hear: who speaks before would miss the answer */
  private readonly opened = Promise.withResolvers<void>()

  constructor(client: ControlClient, terminal: ChatTerminal) {
    this.client = client
    this.terminal = terminal
  }

  async run(): Promise<number> {
    const hearing = this.hear()

    try {
      const talking = this.opened.promise.then(async () => this.talk())
      const isLeaving = await Promise.race([talking.then(() => true), hearing.then(() => false)])
      return isLeaving ? 0 : 1
    } finally {
      this.ending.abort()
      this.terminal.close()
    }
  }

  /** Until we leave, or the node stops */
  private async hear(): Promise<void> {
    try {
      for await (const event of this.client.stream('/v1/shout/messages', this.ending.signal)) {
        await this.onEvent(event)
      }
    } catch (err) {
      if (!this.ending.signal.aborted) {
        throw err
      }
    }
  }

  private async onEvent({ event, data }: StreamEvent): Promise<void> {
    if (event === 'open') {
      const { self, peers } = await this.client.get<ShoutPeers>('/v1/shout/peers')
      this.terminal.note(
        `you are ${shortUser(self.user)}, with ${peers.length} ${peers.length === 1 ? 'other' : 'others'}; /help says what there is`
      )
      this.opened.resolve()
    } else if (event === 'dropped') {
      this.terminal.note(`${(data as { count: number }).count} messages were dropped: they came too fast`)
    } else {
      const said = data as Said
      this.terminal.heard(
        said,
        `${shortUser(said.user)}${said.kind === 'whisper' ? ' whispers' : ''}: ${valueText(said.value)}`
      )
    }
  }

  /** Until the last line is said */
  private async talk(): Promise<void> {
    for await (const line of this.terminal.lines()) {
      if (line.trim() === '/quit') {
        break
      }

      await this.say(line).catch((err: unknown) => this.failed(err))
    }
  }

  private async say(line: string): Promise<void> {
    const [, word, rest = ''] = /^\/(\S*)\s*(.*)$/.exec(line) ?? []

    if (word === undefined) {
      return line.trim() === '' ? undefined : this.shout(line)
    } else if (word === 'who') {
      return this.who()
    } else if (word === 'whisper') {
      return this.whisper(rest)
    }

    HELP.forEach((each) => this.terminal.note(each))

    if (word !== 'help') {
      this.terminal.note(`there is no /${printable(word)}`)
    }
  }

  private async shout(text: string): Promise<void> {
    const { peers } = await this.client.post<Sent>('/v1/shout/shouts', { value: text })

    if (peers === 0) {
      this.terminal.note('nobody is there to hear it')
    }
  }

  private async whisper(rest: string): Promise<void> {
    const [, name, text] = /^(\S+)\s+(.+)$/.exec(rest) ?? []

    if (name === undefined || text === undefined) {
      return this.terminal.note('/whisper <name> text: a name is what stands before the colon')
    }

    const { user } = await this.client.post<{ user: string }>(
      '/v1/shout/whispers',
      { to: name.toLowerCase(), value: text },
      WHISPER_TIMEOUT
    )
    this.terminal.note(`${shortUser(user)} has it`)
  }

  private async who(): Promise<void> {
    const { peers, self } = await this.client.get<ShoutPeers>('/v1/shout/peers')
    const known = await this.known()
    const near = new Set(peers.map(({ user }) => user))
    this.terminal.note(`${shortUser(self.user)} is you`)
    near.forEach((user) => {
      const address = known.find(({ hash }) => hash === user)?.address
      this.terminal.note(`${shortUser(user)} is connected${address === undefined ? '' : `, at ${printable(address)}`}`)
    })
    known
      .filter(({ hash }) => !near.has(hash))
      .forEach(({ hash, address }) => this.terminal.note(`${shortUser(hash)} is known, at ${printable(address)}`))
  }

  /** Of the address book, if there is one */
  private async known(): Promise<Records['records']> {
    try {
      return (await this.client.get<Records>(`/v1/cup2py/records?limit=${LISTED}`)).records
    } catch (err) {
      if ((err as ControlError).problem === 'NotFoundError') {
        return []
      }

      throw err
    }
  }

  /** A node that refuses is no reason to leave */
  private failed(err: unknown): void {
    if (!(err instanceof ControlError)) {
      throw err
    }

    this.terminal.note(printable(err.message))
  }
}

/** Lines in and out: where a person types, what is heard does not tear the line that is being typed. */
class ChatTerminal {
  private readonly json: boolean
  private readonly isPerson: boolean
  private input: Interface | undefined

  constructor(json: boolean) {
    this.json = json
    this.isPerson = process.stdin.isTTY && process.stdout.isTTY && !json
    process.stdout.on('error', () => process.exit())
  }

  async *lines(): AsyncGenerator<string> {
    const output = this.isPerson ? { output: process.stdout } : {}
    const input = createInterface({ input: process.stdin, prompt: '> ', ...output })
    // a closed one takes no prompt
    this.input = input.on('SIGINT', () => input.close()).on('close', () => (this.input = undefined))
    this.prompt()

    for await (const line of input) {
      yield line
      this.prompt()
    }
  }

  heard(said: Said, text: string): void {
    this.line(this.json ? JSON.stringify(said) : text)
  }

  /** What the chat itself has to say; with `--json` to stderr, as it is for a person */
  note(text: string): void {
    if (this.json) {
      process.stderr.write(`* ${text}\n`)
    } else {
      this.line(`* ${text}`)
    }
  }

  close(): void {
    this.input?.close()
    // it would keep the process while nobody types
    process.stdin.destroy()
  }

  private line(text: string): void {
    const { input } = this

    if (!this.isPerson || input === undefined) {
      process.stdout.write(`${text}\n`)
      return
    }

    // what is being typed may take several rows; it is drawn again below
    moveCursor(process.stdout, 0, -input.getCursorPos().rows)
    cursorTo(process.stdout, 0)
    clearScreenDown(process.stdout)
    process.stdout.write(`${text}\n`)
    // else it would go up to where it drew the line before
    Object.assign(input, { prevRows: 0 })
    input.prompt(true)
  }

  private prompt(): void {
    if (this.isPerson) {
      this.input?.prompt()
    }
  }
}
