#!/usr/bin/env node
import { environment } from '../config.ts'
import { commands } from './registry.ts'
import { runCommand } from './run.ts'
import { processTerminal } from './terminal.ts'

process.exitCode = await runCommand(commands, process.argv.slice(2), environment(), processTerminal())
