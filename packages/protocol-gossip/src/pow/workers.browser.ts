import type { Job } from './search.ts'
import type { WorkerEvents } from './workers.ts'

/** The browser's twin of workers.ts */
export function startWorker(job: Job, { onFinding, onEnd }: WorkerEvents): () => void {
  // bundlers look for this very expression, and take .js for .ts where that is what there is
  const worker = new Worker(new URL('./scan-worker.browser.js', import.meta.url), { type: 'module' })
  worker.addEventListener('message', ({ data }) => onFinding(data))
  worker.addEventListener('error', ({ error, message }) =>
    onEnd(error ?? new Error(message || 'its script could not be loaded (does the CSP allow worker-src?)'))
  )
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin of its own
  worker.postMessage(job)

  return () => worker.terminate()
}
