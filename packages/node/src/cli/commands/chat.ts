import type { CommandSpec } from '../command.ts'

export const chat: CommandSpec = {
  name: 'chat',
  summary: 'talk with everybody, and with one: shouts and whispers, in a terminal or line by line',
  examples: [
    ['', 'type to talk, /help to see what else there is'],
    ['< script.txt', 'says its lines, and ends with them'],
    ['--json', 'a line of JSON for each that is heard; lines typed are said']
  ],
  failure: 'the node stopped, or has shout turned off',
  asksNode: true,
  run: async ({ connect, options }) => {
    const client = await connect()
    const { runChat } = await import('../chat.ts')
    return runChat(client, options['json'] === true)
  }
}
