import { parentPort, workerData } from 'node:worker_threads'
import { work } from './search.ts'
import type { Job } from './search.ts'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has no origin
work(workerData as Job, (finding) => parentPort!.postMessage(finding))
