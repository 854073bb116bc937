// Bundled with the bench, so that plain Node can run it.
import '../src/testing/schedule-process.ts'
