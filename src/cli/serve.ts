import { type Command, status } from './command.ts'

/** `keyward serve`: the same as `npm start`. */
export const serveCommands: readonly Command[] = [
  {
    name: 'serve',
    summary: 'Start Keyward, as npm start does',
    usage: '',
    options: {},
    async run({ environment }) {
      const { serve } = await import('../serve.ts')
      return (await serve(environment)) === 0 ? status.done : status.failed
    },
  },
]
