import { numberOf } from '../command.ts'
import { readStdin } from '../stdin.ts'
import type { Announced } from '../../control/routes/gossip.ts'
import type { CommandSpec } from '../command.ts'

export const announce: CommandSpec = {
  name: 'announce',
  summary: 'announce to the gossip network',
  args: [
    ['<data-type>', 'the application it is for, 0–65535'],
    ['[text]', 'what to say; stdin if left out']
  ],
  options: [['--ttl <hops>', 'how far it goes, 0–255; 0 is unlimited (default 0)']],
  examples: [
    ['42 psst', 'to all who listen for data type 42'],
    ['42 --ttl 1 psst', 'to neighbours only'],
    ['42 < picture.png', 'up to 65,519 bytes of anything']
  ],
  failure: 'the node did not answer, or it is too much',
  asksNode: true,
  run: async ({ connect, args: [type, text], options, print }) => {
    const dataType = numberOf('data-type', type!, 65_535)
    const ttl = numberOf('--ttl', String(options['ttl'] ?? 0), 255)
    const client = await connect()
    const data = text === undefined ? await readStdin('an announce', MAX_BYTES) : Buffer.from(text)
    const body = { dataType, ttl, data: data.toString('base64') }
    const answer = await client.post<Announced>('/v1/gossip/announces', body)
    print(answer, answer.queued ? 'kept until there is a peer' : `sent to ${answer.sentTo} peers`)
  }
}

const MAX_BYTES = 65_519
