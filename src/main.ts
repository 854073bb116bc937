import { environment } from './config.ts'
import { serve } from './serve.ts'

// Sockets of clients and timers of libraries may be left; everything of ours is closed by now.
process.exit(await serve(environment()))
