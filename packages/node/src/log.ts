/** Lines for whoever runs the node, on stderr: stdout belongs to the command's result. */
export interface Log {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

export const stderrLog: Log = {
  info: (message) => write('info', message),
  warn: (message) => write('warn', message),
  error: (message) => write('error', message)
}

function write(level: string, message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${level} ${message}\n`)
}
