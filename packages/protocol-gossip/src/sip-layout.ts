/** Where the memory of the WebAssembly SipHash holds what, in bytes. */
export const SipLayout = {
  /** 32: the four words of the state, the key in them */
  state: 0,
  /** 16 */
  result: 32,
  /** From here on, padded to whole words */
  message: 48,
  /** Of 64 KiB: the longest frame fits, and some more */
  memoryPages: 2
} as const
