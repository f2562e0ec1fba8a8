import { numberOf } from '../command.ts'
import { printable } from '../text.ts'
import type { Heard } from '../../control/routes/gossip.ts'
import type { CommandSpec } from '../command.ts'

export const listen: CommandSpec = {
  name: 'listen',
  summary: 'hear announces of a data type until Ctrl-C; each counts as valid and is passed on',
  args: [['<data-type>', 'the application they are for, 0–65535']],
  options: [['--count <n>', 'end after so many']],
  examples: [
    ['42', 'a line for each announce, with what it says'],
    ['42 --count 1', 'wait for one'],
    ["42 --json | jq -r '.data | @base64d'", 'their data, whatever it is']
  ],
  failure: 'the node stopped',
  asksNode: true,
  run: async ({ connect, args: [type], options, print, progress }) => {
    const dataType = numberOf('data-type', type!, 65_535)
    const count = options['count'] === undefined ? Infinity : numberOf('--count', String(options['count']), 2 ** 31)
    const client = await connect()
    const ending = new AbortController()
    process.once('SIGINT', () => ending.abort()).once('SIGTERM', () => ending.abort())
    let heard = 0

    for await (const { event, data } of client.stream(`/v1/gossip/announces?dataType=${dataType}`, ending.signal)) {
      if (event === 'open') {
        progress(`listening for data type ${dataType}`)
      } else if (event === 'dropped') {
        process.stderr.write(
          `hearsay: ${(data as { count: number }).count} announces were dropped: they came too fast\n`
        )
      } else {
        print(data, textOf(data as Heard))
        heard++
      }

      if (heard >= count) {
        ending.abort()
      }
    }

    return ending.signal.aborted ? 0 : 1
  }
}

function textOf({ time, data }: Heard): string {
  return `${time} ${printable(Buffer.from(data, 'base64').toString('utf8'))}`
}
