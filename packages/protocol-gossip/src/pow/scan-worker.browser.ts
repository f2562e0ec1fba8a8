import { work } from './search.ts'
import type { Job } from './search.ts'

addEventListener('message', ({ data }: MessageEvent<Job>) => work(data, postMessage), { once: true })
