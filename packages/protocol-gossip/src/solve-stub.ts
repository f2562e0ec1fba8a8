import { proves } from './pow.ts'
export async function solve(
  challenge: bigint,
  { difficultyBits }: { difficultyBits: number; maxSolveBits: number; signal?: AbortSignal }
): Promise<bigint> {
  for (let n = 0n; ; n++) if (proves(challenge, n, difficultyBits)) return n
}
