import { type Command, status } from './command.ts'
import { diagnose } from './diagnose.ts'

const marks = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' } as const

/** `keyward doctor`: what is right and wrong with this installation, each with a next step. */
export const doctorCommands: readonly Command[] = [
  {
    name: 'doctor',
    summary: 'Check settings, database, roles, keys, disk and address',
    usage: '',
    options: {},
    async run({ environment, answer }) {
      const findings = await diagnose(environment)
      answer(
        findings.map(({ state, subject, sentence }) => `${marks[state]} ${subject}: ${sentence}`),
        { findings },
      )
      return findings.some(({ state }) => state === 'problem') ? status.failed : status.done
    },
  },
]
