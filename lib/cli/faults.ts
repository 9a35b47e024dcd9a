/** What was asked for was refused, is not there or cannot be reached: one line, exit 1. */
export class Refusal extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Refusal'
  }
}

/** The command line itself is wrong: one line, exit 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** The answer is no, and has been printed: exit 1 without another word. */
export class Negative extends Error {
  constructor() {
    super('the answer is no')
    this.name = 'Negative'
  }
}

/** Whoever reads the output has read enough (`head`, say): exit 0 without a word. */
export class OutputClosed extends Error {
  constructor() {
    super('the output is closed')
    this.name = 'OutputClosed'
  }
}
