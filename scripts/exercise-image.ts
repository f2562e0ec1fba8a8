/**
 * Does what packages/node/deploy/Dockerfile says, step by step, in a directory instead of an image: for machines without
 * Docker, and to know that the packages work once they are packed. Then it runs the container's command as its user,
 * asks its health check, and stops it as Docker would. Ends with `N passed, N failed`.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile } from 'node:child_process'
import { closingLine } from './command-line.ts'

const DEPLOY = fileURLToPath(new URL('../packages/node/deploy', import.meta.url))
/** As `USER node` where this runs as root */
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
/** In ms */
const PATIENCE = 60_000
const FREE_PORTS = ['--json', '--listen', '/ip4/127.0.0.1/tcp/0', '--gossip-api', '127.0.0.1:0']

interface Image {
  /** The directory that stands for `/` */
  root: string
  cwd: string
  env: Record<string, string>
  user: string
  entrypoint: string[]
  command: string[]
  health: string[]
}

/** Lines that a backslash continues are one */
function instructions(): [name: string, rest: string][] {
  const text = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8').replaceAll(/\\\n/g, ' ')
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return lines.map((line) => [line.split(' ', 1)[0]!, line.slice(line.indexOf(' ') + 1)])
}

/** @returns the last stage */
function build(place: string): Image {
  const stages = new Map<string, Image>()
  let image = newImage(place, '0')

  for (const [name, rest] of instructions()) {
    console.log(`${name} ${rest}`)

    if (name === 'FROM') {
      const stage = / AS (\w+)$/.exec(rest)?.[1] ?? 'last'
      image = newImage(place, stage)
      stages.set(stage, image)
    } else {
      perform(image, name, rest, stages)
    }
  }

  return image
}

function newImage(place: string, name: string): Image {
  const root = join(place, name)
  mkdirSync(root, { recursive: true })
  return { root, cwd: root, env: {}, user: 'root', entrypoint: [], command: [], health: [] }
}

function perform(image: Image, name: string, rest: string, stages: ReadonlyMap<string, Image>): void {
  const list = (): string[] =>
    (JSON.parse(rest.slice(rest.indexOf('['))) as string[]).map((each) => inside(image, each))

  switch (name) {
    case 'WORKDIR':
      image.cwd = inside(image, rest)
      mkdirSync(image.cwd, { recursive: true })
      return
    case 'COPY':
      return copy(image, rest, stages)
    case 'RUN':
      execFileSync('sh', ['-c', commandOf(image, rest)], { cwd: image.cwd, stdio: ['ignore', 'ignore', 'inherit'] })
      return
    case 'ENV':
      rest.split(' ').forEach((pair) => (image.env[pair.split('=')[0]!] = inside(image, pair.split('=')[1]!)))
      return
    case 'USER':
      image.user = rest
      return
    case 'HEALTHCHECK':
      image.health = list()
      return
    case 'ENTRYPOINT':
      image.entrypoint = list()
      return
    case 'CMD':
      image.command = list()
      return
    case 'VOLUME':
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return
    default:
      throw new Error(`this script does not know ${name}: teach it`)
  }
}

function inside({ root }: Image, path: string): string {
  return path.startsWith('/') ? join(root, path) : path
}

function copy(image: Image, rest: string, stages: ReadonlyMap<string, Image>): void {
  const words = rest.split(' ').filter((word) => !word.startsWith('--'))
  const stage = stages.get(/--from=(\w+)/.exec(rest)?.[1] ?? '')
  const [from, to] = words as [string, string]
  const source = stage === undefined ? join(DEPLOY, from) : inside(stage, from)
  cpSync(source, resolve(image.cwd, to), { recursive: true, verbatimSymlinks: true })
}

/** Its absolute paths are in the image; its user `node` is nobody here */
function commandOf(image: Image, text: string): string {
  const owner = isRoot ? `-o ${NOBODY} -g ${NOBODY}` : ''
  return text
    .replaceAll(/ (\/\w+)/g, (_, path: string) => ` ${inside(image, path)}`)
    .replaceAll('-o node -g node', owner)
}

/** @returns what went wrong */
async function exercise({ env, user, entrypoint, command, health }: Image): Promise<string[]> {
  const identity = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const options = { env: { ...env, PATH: process.env['PATH'] }, ...identity }
  const [file, ...args] = [...entrypoint, ...command, ...FREE_PORTS]
  const child = spawn(file!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let log = ''
  child.stderr.on('data', (chunk) => (log += String(chunk)))
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])
  const { stdout } = await promisify(execFile)(health[0]!, health.slice(1), options).catch((err: Error) => ({
    stdout: err.message
  }))
  child.kill('SIGTERM')
  const [code] = await ended

  return [
    user === 'root' ? 'it runs as root' : '',
    typeof line === 'string' && line.includes('"peerId"') ? '' : `it did not start: ${log}`,
    stdout.includes('"ready":true') ? '' : `it is not healthy: ${stdout}`,
    code === 0 ? '' : `it ended with ${code}: ${log}`,
    log.split('\n', 1)[0]!.startsWith('{"time":') ? '' : `its log is no JSON: ${log}`
  ].filter((problem) => problem !== '')
}

const place = mkdtempSync(join(tmpdir(), 'hearsay-image-'))
chmodSync(place, 0o755)
const timer = setTimeout(() => process.exit(1), 10 * PATIENCE)

try {
  execFileSync(join(DEPLOY, 'pack.sh'), { cwd: dirname(DEPLOY), stdio: 'ignore' })
  const problems = await exercise(build(place))
  problems.forEach((problem) => console.error(problem))
  console.log(closingLine({ passed: 5 - problems.length, failed: problems.length }))
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  clearTimeout(timer)
  rmSync(place, { recursive: true, force: true })
}
