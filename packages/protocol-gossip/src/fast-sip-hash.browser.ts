/** A page hears less than a node in Node.js, and loads more slowly: plain JavaScript, a million announces a second */
export { plainSipHash as fastSipHash } from './sip-hash.ts'
