import { UsageError } from './command.ts'

/**
 * All of stdin.
 *
 * @param what - what it is to be, for the error
 * @throws {UsageError} when there is more
 */
export async function readStdin(what: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0

  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).byteLength

    if (size > maxBytes) {
      throw new UsageError(`${what} has at most ${maxBytes} bytes, and stdin has more`)
    }
  }

  return Buffer.concat(chunks)
}
