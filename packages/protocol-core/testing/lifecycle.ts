/** A libp2p node, or anything else that starts and stops. */
export interface LifecycleSubject {
  start(): Promise<void>
  stop(): Promise<void>
  /** Put it to use: called between start and stop, and again after a restart. Throws when it does not work */
  use(): Promise<void>
}

export interface LifecycleSetup {
  /** A fresh subject, not started yet */
  create: () => Promise<LifecycleSubject>
  /** How often it is started and stopped to look for leaks. @default 100 */
  cycles?: number
}

/** One test: `it(name, run)`. */
export interface ComplianceCase {
  name: string
  run: () => Promise<void>
}

/** In ms; timers of libp2p that nobody waits for last seconds */
const CLOSING_TIME = 20_000
/** In ms */
const POLL_INTERVAL = 50

type Create = LifecycleSetup['create']

/** What every service must stand: starting, stopping, both at odd times, and leaving nothing behind. */
export function lifecycleCompliance({ create, cycles = 100 }: LifecycleSetup): ComplianceCase[] {
  return [
    { name: 'stops before it was started', run: async () => (await create()).stop() },
    { name: 'stops twice', run: () => stopsTwice(create) },
    { name: 'works again after a restart', run: () => worksAgain(create) },
    { name: 'stops while in use', run: () => stopsInUse(create) },
    { name: `leaves no open handle after ${cycles} cycles`, run: () => leavesNothing(create, cycles) }
  ]
}

async function stopsTwice(create: Create): Promise<void> {
  const subject = await create()
  await subject.start()
  await subject.stop()
  await subject.stop()
}

async function worksAgain(create: Create): Promise<void> {
  const subject = await create()

  for (let i = 0; i < 2; i++) {
    await subject.start()
    await subject.use()
    await subject.stop()
  }
}

async function stopsInUse(create: Create): Promise<void> {
  const subject = await create()
  await subject.start()
  // what it was doing may fail now
  const using = subject.use().catch(() => {})
  await subject.stop()
  await using
}

async function leavesNothing(create: Create, cycles: number): Promise<void> {
  // the first cycle may load what stays for good, such as a thread pool
  await cycle(create)
  const before = countHandles()

  for (let i = 0; i < cycles; i++) {
    await cycle(create)
  }

  await vanished(before, cycles)
}

async function cycle(create: Create): Promise<void> {
  const subject = await create()
  await subject.start()
  await subject.use()
  await subject.stop()
}

/** What is still closing may take its time; what is left after that was forgotten */
async function vanished(before: ReadonlyMap<string, number>, cycles: number): Promise<void> {
  const deadline = performance.now() + CLOSING_TIME

  for (let left = surplus(before); left !== undefined; left = surplus(before)) {
    if (performance.now() > deadline) {
      throw new Error(
        `${cycles} cycles left ${left.count} of ${left.kind}, there were ${before.get(left.kind) ?? 0} before`
      )
    }

    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL))
  }
}

/** A kind of handle of which there are more than before */
function surplus(before: ReadonlyMap<string, number>): { kind: string; count: number } | undefined {
  const [more] = [...countHandles()].filter(([kind, count]) => count > (before.get(kind) ?? 0))
  return more && { kind: more[0], count: more[1] }
}

/** How many handles of each kind keep the process alive */
function countHandles(): Map<string, number> {
  const counts = new Map<string, number>()

  for (const kind of globalThis.process?.getActiveResourcesInfo?.() ?? []) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }

  return counts
}
