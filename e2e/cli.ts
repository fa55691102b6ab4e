/** The `walproof` command: parses what was typed, runs one command, and turns its result into output and an exit code. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { doctor } from './commands/doctor.ts';
import { down } from './commands/down.ts';
import { interruptible } from './commands/interrupt.ts';
import { failed, type Outcome, print } from './commands/outcome.ts';
import { parseDuration, parseWhole } from './commands/parse.ts';
import { verify } from './commands/verify.ts';
import { EXIT } from './model/errors.ts';
import { VERSION } from './version.ts';

/** Runs one command's action and leaves its exit code behind. */
async function act(json: boolean, action: (signal: AbortSignal) => Promise<Outcome>): Promise<void> {
  const outcome = await interruptible(action).catch(failed);
  await print(outcome, json);
  process.exitCode = outcome.exitCode;
}

function typed<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}

function program(): Command {
  const walproof = new Command('walproof')
    .description('Proves or disproves, with evidence, that services keep their SQLite data under load and faults.')
    .version(VERSION)
    .showHelpAfterError('(walproof --help shows the commands)')
    .configureHelp({ showGlobalOptions: true });

  withJson(walproof.command('verify').argument('[service...]', 'nanoclaw, oracle-v2; both when none is named'))
    .description('one full verification: the control variant, then the patched db module under traffic and faults')
    .addOption(new Option('--engine <name>', 'docker or process; docker when a daemon answers, else process'))
    .option(
      '--seed <n>',
      'what the traffic asks is a function of it; a new one when omitted',
      typed(parseWhole('--seed', 0, 0x7fffffff)),
    )
    .option('--duration <time>', 'how long traffic runs at least, e.g. 10s or 500ms', typed(parseDuration))
    .option('--clients <n>', 'writing clients per service; twice as many read', typed(parseWhole('--clients', 1, 64)))
    .option(
      '--rate <n>',
      'calls per second and service; 0 is as fast as replies come',
      typed(parseWhole('--rate', 0, 100_000)),
    )
    .option('--faults <list>', 'restart, kill (comma-separated), or none')
    .option('--db-module <service=file>', 'a db module to judge in place of the patched one (repeatable)', collect, [])
    .option('--no-control', 'leave the control out; without it the verdict cannot be pass')
    .option('--out <dir>', 'where run bundles go', 'runs')
    .action((services: string[], options) => act(options.json, (signal) => verify(services, options, signal)));

  withJson(walproof.command('doctor'))
    .description('can this machine run it: each condition with its state and the next step')
    .action((options) => act(options.json, () => doctor()));

  withJson(walproof.command('down'))
    .description('remove everything that runs and the compose stack left behind')
    .option('--images', 'also remove the images that were built')
    .action((options) => act(options.json, () => down(options)));
  return walproof;
}

function withJson(command: Command): Command {
  return command.option('--json', 'one JSON document on stdout, progress on stderr', false);
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

try {
  const walproof = program().exitOverride();
  for (const command of walproof.commands) command.exitOverride();
  if (process.argv.length <= 2) walproof.help({ error: true });
  await walproof.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // commander has written its message already; 0 is --help and --version.
  process.exitCode = error.exitCode === 0 ? EXIT.pass : EXIT.usage;
}
