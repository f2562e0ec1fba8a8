export * from './codec.ts'
export { seal, unseal } from './seal.ts'
export { builtIn, compress, decompress } from './compression.ts'
export type { CompressionMethod } from './compression.ts'
