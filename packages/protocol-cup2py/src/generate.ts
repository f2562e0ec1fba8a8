import { checkRange } from '@hearsay/protocol-core/pure'
import { generateRsaKey, RsaPrivateKey } from '@hearsay/protocol-core'

/** The library's own size: anybody with some money can break it */
const LIBRARY_BITS = 1_024

export interface GenerateUserOptions {
  /** 2,048–4,096, a multiple of 128; 1,024 for networks of the Python library's users only. @default 2_048 */
  bits?: number
}

/**
 * A new user: an RSA key with exponent 65,537.
 *
 * @throws {InvalidParametersError} on other sizes
 */
export async function generateUser({ bits = 2_048 }: GenerateUserOptions = {}): Promise<RsaPrivateKey> {
  if (bits !== LIBRARY_BITS) {
    checkRange('bits', bits, [2_048, 4_096])
    return generateRsaKey(bits)
  }

  const publicExponent = Uint8Array.of(1, 0, 1)
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: bits, publicExponent }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))
  return RsaPrivateKey.fromPkcs8(pkcs8, { minBits: bits })
}
