interface Host {
  stop(): void | Promise<void>
}

/** Hosts that are stopped together */
export class HostGroup<AHost extends Host> {
  protected readonly all: AHost[] = []

  /** For hosts that were made already */
  add(host: AHost): AHost {
    this.all.push(host)
    return host
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.splice(0).map(async (host) => host.stop()))
  }
}
