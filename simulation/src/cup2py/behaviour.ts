/** What users do in one generation. */
export interface Behaviour {
  users: number
  generations: number
  /** A user brings a new one along, who knows it and says so */
  invite: number
  /** A user publishes its record anew */
  update: number
  /** For each user, somebody gets to know a random other: any two users, and maybe not for the first time */
  randomConnection: number
  /** In a generation, somebody comes who knows nobody */
  isolatedNewcomer: number
  /** One request reaches the user it is sent to */
  successfulConnection: number
  /** After each user that learns of its sender, an update is sent once more, up to so many times */
  depth: number
}

/** As the paper has it, section 5, and the script that its authors published. @see docs/simulation.md#the-cup2py-paper */
export const paperBehaviour: Behaviour = {
  users: 5,
  generations: 50,
  invite: 0.1,
  update: 0.5,
  randomConnection: 0.05,
  isolatedNewcomer: 0.1,
  successfulConnection: 0.7,
  depth: 3
}

/** Where decisions come from */
export interface Draws {
  /** Uniform in [0, 1) */
  fraction(): number
  /** An integer in [0, bound) */
  below(bound: number): number
}

/** Those who behave so: the model, or engines */
export interface Users {
  readonly count: number
  /** Somebody comes who knows nobody */
  add(): void
  /** Somebody comes who knows `host`, and publishes its record */
  invite(host: number): void
  update(user: number): void
  connect(user: number, other: number): void
  /** Between two things that all may do: time for messages to arrive */
  rest(): void
}

/** One generation, in the order of the published script */
export function liveOneGeneration(users: Users, behaviour: Behaviour, draws: Draws): void {
  const each = (probability: number, act: (user: number) => void): void => {
    const { count } = users

    for (let user = 0; user < count; user++) {
      if (draws.fraction() < probability) {
        act(user)
      }
    }

    users.rest()
  }

  each(behaviour.invite, (user) => users.invite(user))
  each(behaviour.update, (user) => users.update(user))
  each(behaviour.randomConnection, () => {
    const [a, b] = [draws.below(users.count), draws.below(users.count)]

    if (a !== b) {
      users.connect(a, b)
    }
  })

  if (draws.fraction() < behaviour.isolatedNewcomer) {
    users.add()
  }
}
