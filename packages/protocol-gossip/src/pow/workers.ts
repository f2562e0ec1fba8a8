import { Worker } from 'node:worker_threads'
import type { Finding, Job } from './search.ts'

/** Run from source, the worker is source too */
const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', import.meta.url)

export interface WorkerEvents {
  onFinding: (finding: Finding) => void
  /** It will find nothing more. Also called after the last finding. */
  onEnd: (cause: unknown) => void
}

/**
 * @returns what ends the worker, wherever it is in its search
 * @throws when the system has no thread for it
 */
export function startWorker(job: Job, { onFinding, onEnd }: WorkerEvents, script: URL = SCRIPT): () => void {
  // not the flags of this process: a --import or a debugger would be started again in each worker
  const worker = new Worker(script, { workerData: job, execArgv: [] })
  worker.on('message', onFinding)
  worker.on('error', onEnd)
  worker.on('exit', (code) => onEnd(new Error(`it ended with code ${code}`)))

  return () => void worker.terminate()
}
