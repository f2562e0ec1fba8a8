/** seek-bzip has no types of its own */
declare module 'seek-bzip' {
  const bzip2: {
    /** @throws on anything but one bz2 stream */
    decode(input: Buffer): Buffer
  }
  export default bzip2
}
