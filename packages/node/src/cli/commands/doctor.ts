import { optionKeys } from '../../config/options.ts'
import type { Status } from '../../control/routes/node.ts'
import type { Finding } from '../../doctor/finding.ts'
import type { Call, CommandSpec } from '../command.ts'

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'what is wrong on this machine, and how to mend it',
  nodeOptions: optionKeys,
  options: [['--time-server <host>', 'compare the clock with it, by SNTP']],
  examples: [
    ['', 'before the first start, or when something is odd'],
    ['--config node.toml --time-server pool.ntp.org', 'with the options of start, and a look at the clock']
  ],
  failure: 'something does not work',
  asksNode: false,
  run: async (call) => {
    const { examine } = await import('../../doctor/doctor.ts')
    call.progress('looking at ports, peers and the disk')
    const timeServer = call.options['time-server'] as string | undefined
    const findings = await examine({ config: call.config(), running: await statusOf(call), timeServer })
    call.print({ findings }, findings.map(textOf).join('\n'))
    return findings.some(({ level }) => level === 'fail') ? 1 : 0
  }
}

/** Of the node, if one runs and answers */
async function statusOf({ connect }: Call): Promise<Status | undefined> {
  try {
    return await (await connect()).get<Status>('/v1/status')
  } catch (err) {
    if (['NoNodeError', 'ControlError'].includes((err as Error).name)) {
      return undefined
    }

    throw err
  }
}

function textOf(finding: Finding): string {
  const line = `${finding.level.padEnd(4)}  ${finding.name}: ${finding.message}`
  return finding.level === 'ok' ? line : `${line}\n      ${finding.fix}`
}
