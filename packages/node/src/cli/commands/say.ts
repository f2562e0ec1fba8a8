/** Saying something over shout: to all, to direct peers, to one. */
import { readStdin } from '../stdin.ts'
import { shortUser } from '../text.ts'
import type { Sent } from '../../control/routes/shout.ts'
import type { CommandSpec } from '../command.ts'

const MAX_BYTES = 65_536
/** In ms; a whisper is acknowledged within 10 s, or not at all, and may have to be found out where to first */
const WHISPER_TIMEOUT = 60_000
const TEXT = ['[text]', 'what to say; stdin if left out'] as const

export const shout: CommandSpec = {
  name: 'shout',
  summary: 'tell everybody, signed by our user',
  args: [TEXT],
  examples: [
    ["'hello, everybody'", 'to all nodes of the subnet'],
    ['< notes.txt', 'up to 64 KiB of text']
  ],
  failure: 'the node did not answer, has shout turned off, or it is too much',
  asksNode: true,
  run: async ({ connect, args: [text], print }) => {
    const client = await connect()
    const answer = await client.post<Sent>('/v1/shout/shouts', { value: await textOf(text) })
    print(answer, `sent to ${answer.peers} peers`)
  }
}

export const speak: CommandSpec = {
  name: 'speak',
  summary: 'tell direct peers, who do not pass it on',
  args: [TEXT],
  examples: [["'hello, neighbours'", 'to those who are connected']],
  failure: 'the node did not answer, has shout turned off, or it is too much',
  asksNode: true,
  run: async ({ connect, args: [text], print }) => {
    const client = await connect()
    const answer = await client.post<Sent>('/v1/shout/speaks', { value: await textOf(text) })
    print(answer, `sent to ${answer.peers} peers`)
  }
}

export const whisper: CommandSpec = {
  name: 'whisper',
  summary: 'tell one user, sealed; done once it acknowledged',
  args: [['<user>', 'its hash, or the first digits of it'], TEXT],
  examples: [
    ["4a94375b 'just for you'", 'to the user of a record that begins so'],
    ['4a94375b < letter.txt', 'up to 64 KiB of text']
  ],
  failure: 'nobody of that name is known, or no acknowledgement came',
  asksNode: true,
  run: async ({ connect, args: [user, text], print, progress }) => {
    const client = await connect()
    const value = await textOf(text)
    progress(`whispering to ${user}`)
    const answer = await client.post<{ user: string }>('/v1/shout/whispers', { to: user, value }, WHISPER_TIMEOUT)
    print(answer, `${shortUser(answer.user)} has it`)
  }
}

async function textOf(text: string | undefined): Promise<string> {
  return text ?? (await readStdin('a message', MAX_BYTES)).toString('utf8')
}
