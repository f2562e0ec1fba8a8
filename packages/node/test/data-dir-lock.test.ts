import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { ControlClient } from '../src/control/client.ts'
import { lockDataDir } from '../src/data-dir-lock.ts'
import { Nodes } from './nodes.ts'
import { Shell } from './shell.ts'

vi.setConfig({ testTimeout: 60_000 })

const nodes = new Nodes()
const shell = new Shell()
afterEach(async () => nodes.stop())
afterAll(async () => shell.end())

const FREE = ['--listen', '/ip4/127.0.0.1/tcp/0', '--gossip-api', '127.0.0.1:0', '--dht-api', '127.0.0.1:0']

describe('a data directory', () => {
  it('is for one node at a time', async () => {
    const first = await nodes.create()
    const dir = first.config['data-dir']
    const refused = nodes.create({ 'data-dir': dir })
    await expect(refused).rejects.toMatchObject({
      name: 'StartError',
      message: `cannot use the data directory ${dir}: another node runs with it (process ${process.pid}): stop that one, or give this one another --data-dir`
    })
    // the refused one has taken nothing away
    await expect(nodes.create({ 'data-dir': dir })).rejects.toMatchObject({ name: 'StartError' })
    await first.stop()
    expect((await nodes.create({ 'data-dir': dir })).libp2p.peerId).toEqual(first.libp2p.peerId)
  })

  it('is told in one line by the command, exit code 1, and free once its node was killed', async () => {
    const running = await shell.node()
    const again = ['start', '--json', '--data-dir', running.dataDir, ...FREE]
    expect(await shell.run(again)).toEqual({
      code: 1,
      stdout: '',
      stderr: `hearsay: cannot use the data directory ${running.dataDir}: another node runs with it (process ${running.child.pid}): stop that one, or give this one another --data-dir\n`
    })
    running.child.kill('SIGKILL')
    await running.ended
    const next = await shell.node('--data-dir', running.dataDir)
    expect(next.peerId).toBe(running.peerId)
  })

  it('is not brought up to date under a node that runs with it', async () => {
    const dir = nodes.dir()
    const unlock = await lockDataDir(dir)
    await expect(nodes.create({ 'data-dir': dir })).rejects.toThrow('another node runs with it')
    expect(readdirSync(dir)).toEqual(['lock'])
    unlock()
  })

  it('is free as soon as its node has stopped, with its socket', async () => {
    const first = await nodes.create()
    const dir = first.config['data-dir']
    const stopped = first.stop()
    const next = await vi.waitFor(async () => nodes.create({ 'data-dir': dir }), { timeout: 20_000, interval: 1 })
    await stopped
    expect(next.controlApi).toBe(join(dir, 'control.sock'))
    expect(statSync(next.controlApi).isSocket()).toBe(true)
    expect(await (await ControlClient.connect(dir)).get('/v1/status')).toMatchObject({ listen: [next.address] })
  })

  it('of a node that failed to start is free', async () => {
    const dir = nodes.dir()
    await expect(nodes.create({ 'data-dir': dir, listen: ['/ip4/192.0.2.1/tcp/1'] })).rejects.toThrow('cannot listen')
    const { log } = await nodes.create({ 'data-dir': dir })
    expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })

  it('has a lock for its owner alone, which says when it cannot be one', async () => {
    const dir = nodes.dir()
    const unlock = await lockDataDir(dir)
    expect(statSync(join(dir, 'lock')).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toEqual(['lock'])
    unlock()
    writeFileSync(join(dir, 'lock'), 'this is no lock, and longer than nothing. '.repeat(30))
    await expect(lockDataDir(dir)).rejects.toThrow(/^cannot use the data directory .*: file is not a database$/)
  })
})
