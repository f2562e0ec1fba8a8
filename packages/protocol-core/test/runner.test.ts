import { Runner } from '@hearsay/protocol-core'
import { defaultLogger } from '@libp2p/logger'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { RunnerInit, SessionInput, Sessions } from '@hearsay/protocol-core'
import type { Effect, Input, PeerKey } from '@hearsay/protocol-core/pure'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Within what a busy machine needs */
const eventually = async <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, 30_000)

type TestInput = Input<string, string, string>
type TestEffect = Effect<string, string, string>

const peer = 'A' as PeerKey
const send = (message: string): TestEffect => ({ type: 'send', peer, message })
const ask = (question: string, key?: string): TestEffect => ({
  type: 'ask',
  ask: question,
  ...(key === undefined ? {} : { key })
})
const emit = (event: string): TestEffect => ({ type: 'emit', event })

/** A runner whose engine follows a script, with all it does written down in order */
function setUp(rules: (input: TestInput, now: number) => TestEffect[], init: Partial<TestInit> = {}) {
  const did: string[] = []
  let report: (input: SessionInput<string>) => void = () => {}
  const answered = vi.fn()
  const sessions = {
    start: async (sink: typeof report) => void (report = sink),
    stop: async () => void did.push('stop'),
    send: (_peer: PeerKey, message: string, urgent = false) => did.push(`send ${message}${urgent ? '!' : ''}`),
    dial: async () => did.push('dial'),
    close: () => {
      did.push('close')
      report({ type: 'disconnected', peer })
    },
    asked: () => answered
  } as unknown as Sessions<string>
  const runner = new Runner<string, string, string, string, string>({
    createEngine: () => ({ handle: (input, now) => rules(input, now) }),
    sessions,
    emit: (event) => did.push(`emit ${event}`),
    answer: (question) => `re ${question}`,
    log: defaultLogger().forComponent('test'),
    ...init
  })
  running.push(runner)
  return { did, runner, answered, report: (input: SessionInput<string>) => report(input) }
}

type TestInit = RunnerInit<string, string, string, string, string>
const running: { stop(): Promise<void> }[] = []
const turn = async (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

afterEach(async () => {
  await Promise.all(running.splice(0).map((runner) => runner.stop()))
})

describe('the runner', () => {
  it('performs effects in order, and what they caused after them', async () => {
    const { did, runner } = setUp((input) =>
      input.type === 'command'
        ? [send('1'), { type: 'close', peer, reason: 'test' }, { ...send('2'), urgent: true } as TestEffect]
        : [send(input.type)]
    )
    await runner.start()
    runner.command('go')
    expect(did).toEqual(['send 1', 'close', 'send 2!', 'send disconnected'])
  })

  it('runs foreign code last, when the engine is ready for what it commands', async () => {
    const { did, runner } = setUp(
      (input) => {
        switch (input.type) {
          case 'command':
            return input.command === 'go' ? [emit('first'), ask('q'), send('go')] : [send(input.command)]
          case 'answer':
            return [send(`answer ${input.answer}`)]
          default:
            return []
        }
      },
      {
        emit: (event) => {
          did.push(`emit ${event}`)
          runner.command('nested')
          did.push('emitted')
        }
      }
    )
    await runner.start()
    runner.command('go')
    expect(did).toEqual(['send go', 'emit first', 'send nested', 'emitted', 'send answer re q'])
  })

  it('feeds back answers that come later, and counts them to the peer that caused the ask', async () => {
    const { did, runner, report, answered } = setUp(
      (input) => (input.type === 'message' ? [ask('q')] : input.type === 'answer' ? [send(input.answer)] : []),
      { answer: async (question) => turn(5).then(() => `late ${question}`) }
    )
    await runner.start()
    report({ type: 'message', peer, message: 'm' })
    expect(answered).not.toHaveBeenCalled()
    await eventually(() => expect(did).toEqual(['send late q']))
    await eventually(() => expect(answered).toHaveBeenCalledTimes(1))
  })

  it('counts an ask to the peer whose message it is about, whatever caused it', async () => {
    const { report, runner, answered } = setUp(
      (input) =>
        input.type === 'message'
          ? [ask('first')]
          : input.type === 'answer' && input.answer === 'first'
            ? [{ type: 'ask', ask: 'second', peer }]
            : [],
      { answer: async (question) => turn(1).then(() => question) }
    )
    await runner.start()
    report({ type: 'message', peer, message: 'm' })
    await vi.waitFor(() => expect(answered).toHaveBeenCalledTimes(2))
  })

  it('gives no answer for an ask that failed, was cancelled, or is pending at stop', async () => {
    const signals: AbortSignal[] = []
    const { did, runner, report, answered } = setUp(
      (input) => {
        if (input.type === 'command') {
          return input.command === 'cancel' ? [{ type: 'cancel', key: 'k' }] : [ask(input.command, 'k')]
        }
        return input.type === 'message' ? [ask('fail')] : input.type === 'answer' ? [send(input.answer)] : []
      },
      {
        answer: async (question, { signal }) => {
          signals.push(signal)
          await turn(10)
          if (question === 'fail') {
            throw new Error('test')
          }
          return question
        }
      }
    )
    await runner.start()
    report({ type: 'message', peer, message: 'm' })
    runner.command('first')
    runner.command('cancel')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true])
    runner.command('second')
    await turn(30)
    expect(did).toEqual(['send second'])
    expect(answered).toHaveBeenCalledTimes(1)
    runner.command('third')
    await runner.stop()
    await turn(30)
    expect(did).toEqual(['send second', 'stop'])
    // one failed, the second had its answer; nothing was left to abort
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, false, true])
  })

  it('keeps one system timer for all of the engine', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const { did, runner } = setUp((input, now) =>
      input.type === 'command'
        ? [30, 20, 10].map((ms): TestEffect => ({ type: 'arm', key: `t${ms}`, at: now + ms }))
        : [send((input as { key: string }).key)]
    )
    await runner.start()
    runner.command('go')
    expect(timers).toHaveBeenCalledTimes(1)
    timers.mockRestore()
    await eventually(() => expect(did).toEqual(['send t10', 'send t20', 'send t30']))
  })

  it('counts a cancelled ask no longer, though nobody ever answers it', async () => {
    let options: { signal: AbortSignal } | undefined
    const { runner, report, answered } = setUp(
      (input) => [input.type === 'message' ? ask('q', 'k') : { type: 'cancel', key: 'k' }],
      {
        answer: async (_question, given) => {
          options = given
          return new Promise(() => {})
        }
      }
    )
    await runner.start()
    report({ type: 'message', peer, message: 'm' })
    expect(answered).not.toHaveBeenCalled()
    runner.command('cancel')
    expect(answered).toHaveBeenCalledTimes(1)
    // who looks at the signal only now is told too
    expect(options!.signal.aborted).toBe(true)
    report({ type: 'message', peer, message: 'm' })
    expect(options!.signal.aborted).toBe(false)
    await runner.stop()
    expect(options!.signal.aborted).toBe(true)
    expect(answered).toHaveBeenCalledTimes(2)
  })

  it('cancels what was asked while it stopped', async () => {
    let signal: AbortSignal | undefined
    const { runner } = setUp(() => [ask('q')], {
      answer: async (_question, options) => {
        void runner.stop()
        signal = options.signal
        return new Promise(() => {})
      }
    })
    await runner.start()
    runner.command('go')
    expect(signal!.aborted).toBe(true)
  })

  it('is as before the start when the sessions cannot start', async () => {
    const { did, runner } = setUp(() => [send('never')], {
      sessions: {
        start: async () => {
          throw new Error('test')
        },
        stop: async () => void did.push('stop')
      } as unknown as Sessions<string>
    })
    await expect(runner.start()).rejects.toThrow('test')
    runner.command('go')
    expect([did, runner.started]).toEqual([['stop'], false])
  })

  it('moves it for an earlier deadline, and only then', async () => {
    const { did, runner } = setUp((input, now) =>
      input.type === 'command'
        ? [{ type: 'arm', key: input.command, at: now + Number(input.command) }]
        : [send((input as { key: string }).key)]
    )
    await runner.start()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    runner.command('60000')
    runner.command('70000')
    runner.command('80000')
    expect(timers).toHaveBeenCalledTimes(1)
    runner.command('5')
    expect(timers).toHaveBeenCalledTimes(2)
    timers.mockRestore()
    await eventually(() => expect(did).toEqual(['send 5']))
  })

  it('never fires a timer early, nor one that was disarmed or is past its stop', async () => {
    const early: number[] = []
    const { did, runner } = setUp((input, now) => {
      if (input.type === 'command') {
        return input.command === 'disarm'
          ? [{ type: 'disarm', key: 'b' }]
          : [
              { type: 'arm', key: 'a', at: now + 7.5 },
              { type: 'arm', key: 'b', at: now + 5 },
              { type: 'arm', key: 'c', at: now + 300 }
            ]
      }
      early.push(now)
      return [send((input as { key: string }).key)]
    })
    await runner.start()
    const start = performance.now()
    runner.command('go')
    runner.command('disarm')
    await eventually(() => expect(did).toEqual(['send a']))
    expect(early[0]! - start).toBeGreaterThanOrEqual(7.5)
    await runner.stop()
    await turn(350)
    expect(did).toEqual(['send a', 'stop'])
  })

  it('waits for deadlines beyond the longest system timer', async () => {
    const { did, runner } = setUp((input, now) =>
      input.type === 'command' ? [{ type: 'arm', key: 'far', at: now + 2 ** 40 }] : [send('too early')]
    )
    await runner.start()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    runner.command('go')
    expect(timers).toHaveBeenCalledTimes(1)
    expect(timers.mock.calls[0]![1]).toBe(2 ** 31 - 1)
    timers.mockRestore()
    expect(did).toEqual([])
  })

  it('leaves no timer behind, and starts without those of the run before', async () => {
    vi.useFakeTimers()

    try {
      const { did, runner } = setUp((input, now) =>
        input.type === 'command'
          ? [{ type: 'arm', key: input.command, at: now + 50 }]
          : [send((input as { key: string }).key)]
      )
      await runner.start()
      runner.command('before')
      expect(vi.getTimerCount()).toBe(1)
      await runner.stop()
      expect(vi.getTimerCount()).toBe(0)
      await runner.start()
      runner.command('after')
      await vi.advanceTimersByTimeAsync(100)
      expect(did).toEqual(['stop', 'send after'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('survives an engine, an application and an answer that throw', async () => {
    const fail = (): never => {
      throw new Error('test')
    }
    const { did, runner } = setUp(
      (input) =>
        input.type === 'command' ? (input.command === 'fail' ? fail() : [emit('e'), ask('q'), send('sent')]) : [],
      { emit: fail, answer: fail }
    )
    await runner.start()
    runner.command('fail')
    runner.command('go')
    expect(did).toEqual(['send sent'])
  })

  it('has a fresh engine after each start, and does nothing in between', async () => {
    let engines = 0
    const { did, runner } = setUp(() => [], {
      createEngine: () => {
        const mine = ++engines
        return { handle: () => [send(`engine ${mine}`)] }
      }
    })
    runner.command('before')
    await runner.start()
    runner.command('one')
    await runner.stop()
    runner.command('between')
    await runner.stop()
    await runner.start()
    runner.command('two')
    expect(did).toEqual(['send engine 1', 'stop', 'send engine 2'])
  })
})
