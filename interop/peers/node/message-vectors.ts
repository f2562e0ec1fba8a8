/** What this implementation makes of the vectors of messages: `{ name, hex, fields, ok | errorName }` */
import { decode, dialects, encode, Refused, Splitter } from './frames.ts'
import { proves, sum } from './proof.ts'
import { same, shown } from './same.ts'
import type { Dialect } from './frames.ts'

export interface Vector {
  name: string
  hex: string
  fields?: Record<string, unknown>
  ok?: true
  errorName?: string
}

type Check = (vector: Vector) => void

const FILES: Readonly<Record<string, Check>> = {
  'gossip.json': frame(dialects.g1_final),
  'gossip-midterm.json': frame(dialects.g1_midterm),
  'gossip-p2p.json': frame(dialects.g2_document),
  'gossip-api.json': frame(dialects.api),
  'gossip-proofs.json': proof
}

/** @returns whether vectors in a file of this name are checked here */
export function isKnown(file: string): boolean {
  return file in FILES
}

/** @throws {Error} when it is not as the vector says */
export function checkVector(file: string, vector: Vector): void {
  let refusal = 'none'

  try {
    FILES[file]!(vector)
  } catch (err) {
    if (!(err instanceof Refused)) {
      throw err
    }

    refusal = err instanceof NoProof ? 'ProofError' : 'DecodeError'
  }

  same('the refusal', refusal, vector.errorName ?? 'none')
}

/** One whole frame with these fields, which is encoded again */
function frame(dialect: Dialect): Check {
  return ({ hex, fields = {} }) => {
    const messages: ReturnType<typeof decode>[] = []
    const bytes = Buffer.from(hex, 'hex')
    new Splitter().push(bytes, (each) => messages.push(decode(dialect, each)))
    const [message] = messages
    same('how many messages', messages.length, 1)
    same('the size', message!.size, bytes.length)
    Object.entries(fields).forEach(([name, expected]) => same(name, shown(message!, name), expected))

    if ((message!.numbers['reserved'] ?? 0n) === 0n) {
      const { name, addresses, ...draft } = message!
      const again = encode(dialect, name, addresses.length === 0 ? draft : { ...draft, addresses })
      same('the frame', again.toString('hex'), hex)
    }
  }
}

class NoProof extends Refused {}

function proof({ hex, fields = {} }: Vector): void {
  const bytes = Buffer.from(hex, 'hex')
  const [challenge, nonce] = [bytes.readBigUInt64BE(0), bytes.readBigUInt64BE(8)]

  if (!proves(challenge, nonce, Number(fields['bits']))) {
    throw new NoProof('it does not prove')
  }

  same('the sum', sum(challenge, nonce).toString('hex'), fields['sha256'])
}
