/** What routes call a user. */
import { z } from 'zod'

export const userHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a user hash, 64 hexadecimal digits in lower case')
  .describe('SHA-256 of its public key')

export const userPrefix = z
  .string()
  .regex(/^[0-9a-f]{4,64}$/, 'must be a user hash or the first digits of one, 4 to 64 in lower case')
  .describe('user hash, or the first digits of it that are nobody else’s')
