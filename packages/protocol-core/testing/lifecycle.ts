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
  const before = await handlesAtRest()

  for (let i = 0; i < cycles; i++) {
    await cycle(create)
  }

  const left = await handlesBeyond(before)

  for (const [kind, count] of left) {
    throw new Error(`${cycles} cycles left ${count} of ${kind}, there were ${before.get(kind) ?? 0} before`)
  }
}

/** What there is more of than before, once what takes its time had its time: libp2p waits a second for some things */
async function handlesBeyond(before: ReadonlyMap<string, number>): Promise<[string, number][]> {
  const beyond = (): [string, number][] =>
    [...countHandles()].filter(([kind, count]) => count > (before.get(kind) ?? 0))

  for (let wait = 0; wait < 100 && beyond().length > 0; wait++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }

  return beyond()
}

async function cycle(create: Create): Promise<void> {
  const subject = await create()
  await subject.start()
  await subject.use()
  await subject.stop()
}

/** How many handles of each kind keep the process alive, once those that are closing have closed */
async function handlesAtRest(): Promise<Map<string, number>> {
  let counted = countHandles()

  for (let wait = 0; wait < 20; wait++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const again = countHandles()

    if (again.size === counted.size && [...again].every(([kind, count]) => count === counted.get(kind))) {
      return again
    }

    counted = again
  }

  return counted
}

function countHandles(): Map<string, number> {
  const counts = new Map<string, number>()

  for (const kind of globalThis.process?.getActiveResourcesInfo?.() ?? []) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }

  return counts
}
