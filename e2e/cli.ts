/**
 * The `walproof` command: parses what was typed, runs one command, and turns its result into output and an exit code. A
 * command is imported when it runs: each knows other parts of the project, and together they take longer to load than
 * `inspect` takes to look.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { interruptible } from './commands/interrupt.ts';
import { failed, type Outcome, print } from './commands/outcome.ts';
import { parseDuration, parseWhole } from './commands/parse.ts';
import { EXIT } from './model/errors.ts';
import { VERSION } from './version.ts';

const FAULTS_HELP = [
  'comma-separated, default restart,kill: each once on every process in turn.',
  'kill*3 is three times, on processes drawn from the seed; kill@2s every two seconds for the whole duration; kill*3@2s',
  'both; all is each that the engine can do, once, in an order drawn from the seed; none is none.',
].join(' ');

const INSPECT_HELP = `
It opens nothing through SQLite, holds no lock and writes nothing. A service is found by the volume of its compose stack, else by
a run that is under way.
Exit codes: 0 nothing is wrong (warnings and notes included) · 1 a problem: a sidecar that is deleted or replaced while open, a -wal
that does not hold or is another database's, a truncated file, wal2, a stopped process that holds a lock, SQLite with the WAL-reset
bug, a filesystem that WAL is not sound on · 64 not a database, encrypted, missing, or not to be read.`;

const IMPORT_HELP = `
The originals are only read; SQLite opens private copies, which are removed. Nothing leaves this machine.
Exit codes: 0 the database is sound · 1 it is damaged: it does not open, a check complains, or inspect finds a problem · 64 no
database or several, an archive that is broken, too large, or has links, devices or paths that lead out of it.`;

const CRASH_IMAGES_HELP = [
  'copy the database while traffic runs, and have SQLite recover all that a power cut could have left of each copy: frames',
  'cut, torn, garbled, reordered. Takes some ten seconds more for each service',
].join(' ');

const UP_HELP = `
Ctrl-C removes the stack and prints the verdict so far. Exit: 0 when enough was acknowledged, SQLite refused nothing, every
connection had its pragmas and nothing ended unasked; 1 with a finding; 2 when there is too little to judge. What was done by
the page's buttons, and what was seen under the unpatched variant, is told and not held against the services.`;

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

/** With the names of all faults where a help text is asked for: to load the faults takes longer than `inspect` takes to look. */
async function faultsHelp(args: readonly string[]): Promise<string> {
  if (!args.some((arg) => ['-h', '--help', 'help'].includes(arg))) return FAULTS_HELP;
  const { FAULTS } = await import('./faults/index.ts');
  return `${FAULTS_HELP} Known: ${FAULTS.map((fault) => fault.name).join(', ')}`;
}

function program(faults: string): Command {
  const walproof = new Command('walproof')
    .description('Proves or disproves, with evidence, that services keep their SQLite data under load and faults.')
    .version(VERSION)
    .showHelpAfterError('(walproof --help shows the commands)')
    .configureHelp({ showGlobalOptions: true });
  verdictCommands(walproof, faults);
  bundleCommands(walproof);
  bugCommands(walproof);
  machineCommands(walproof);
  return walproof;
}

/** What gives a verdict. */
function verdictCommands(walproof: Command, faults: string): void {
  withVerifyOptions(walproof.command('verify'), faults)
    .description('one full verification: the control variant, then the patched db module under traffic and faults')
    .option(
      '--seed <n>',
      'what the traffic asks is a function of it; a new one when omitted',
      typed(parseWhole('--seed', 0, 0x7fffffff)),
    )
    .option('--side-by-side', 'judge the services at the same time: quicker, and each has half the machine', false)
    .option('--crash-images', CRASH_IMAGES_HELP, false)
    .option('--fail-fast', 'end the run at its first finding, in order, and judge what was seen until there', false)
    .action((services: string[], options) =>
      act(options.json, async (signal) => (await import('./commands/verify.ts')).verify(services, options, signal)),
    );

  withVerifyOptions(walproof.command('soak'), faults)
    .description('verifications with every fault, each with another seed, until one does not pass')
    .option('--runs <n>', 'how many at most', typed(parseWhole('--runs', 1, 100_000)), 10)
    .option(
      '--seed <n>',
      'of the first run; the next run has the next. Random seeds when omitted',
      typed(parseWhole('--seed', 0, 0x7fffffff)),
    )
    // Many runs are worth more than a quiet machine for each.
    .option('--no-side-by-side', 'judge one service after the other, with the whole machine for each')
    .action((services: string[], options) =>
      act(options.json, async (signal) => (await import('./commands/soak.ts')).soak(services, options, signal)),
    );

  withJson(walproof.command('mutants').argument('[service...]', 'nanoclaw, oracle-v2; both when none is named'))
    .description('every rule of the patch reverted in turn: each mutant must be noticed')
    .addOption(new Option('--engine <name>', 'docker or process; docker when a daemon answers, else process'))
    .option('--seed <n>', 'of the traffic; a new one when omitted', typed(parseWhole('--seed', 0, 0x7fffffff)))
    .option('--only <name>', 'a mutant, or a rule on every service (repeatable)', collect, [])
    .option('--list', 'show the mutants, and run none')
    .action((services: string[], options) =>
      act(options.json, async (signal) => (await import('./commands/mutants.ts')).mutants(services, options, signal)),
    );

  withJson(walproof.command('durability').argument('[service...]', 'nanoclaw, oracle-v2; both when none is named'))
    .description('what a kill and a power cut take, by journal mode and synchronous; needs strace')
    .option('--seed <n>', 'of traffic and cuts; a new one when omitted', typed(parseWhole('--seed', 0, 0x7fffffff)))
    .option('--record', 'write down in README what was measured')
    .action((services: string[], options) =>
      act(options.json, async (signal) =>
        (await import('./commands/durability.ts')).durability(services, options, signal),
      ),
    );

  withJson(walproof.command('bench').argument('[service...]', 'nanoclaw, oracle-v2; both when none is named'))
    .description('what the patch buys: patched against plain, in pairs of runs under the same traffic')
    .addOption(new Option('--engine <name>', 'docker or process; every one that can serve when omitted'))
    .option('--pairs <n>', 'of runs; with fewer than 5 nothing is compared', typed(parseWhole('--pairs', 1, 1_000)), 5)
    .option('--duration <time>', 'of traffic in each run', typed(parseDuration), 5_000)
    .addOption(
      new Option('--load <kind>', 'as fast as replies come, or at a fixed rate')
        .choices(['closed', 'fixed', 'both', 'none'])
        .default('both'),
    )
    .option('--variant <name>', 'what the patched db module is measured against', 'unpatched')
    .option('--no-limit', 'leave out how close each service comes to its own statements on a bare connection')
    .option('--seed <n>', 'of the traffic; a new one when omitted', typed(parseWhole('--seed', 0, 0x7fffffff)))
    .option('--compare <file>', 'a document that bench --json wrote: exit 1 where a ratio is worse beyond noise')
    .option('--record', 'write down in README what was measured')
    .action((services: string[], options) =>
      act(options.json, async (signal) => (await import('./commands/bench.ts')).bench(services, options, signal)),
    );
}

/** What is done with a saved run. */
function bundleCommands(walproof: Command): void {
  withJson(walproof.command('recheck').argument('<bundle>', 'the folder that a run left, e.g. runs/latest'))
    .description('judge a saved run again, from its files alone: no engine, no network')
    .action((bundle: string, options) =>
      act(options.json, async () => (await import('./commands/recheck.ts')).recheck(bundle)),
    );

  withJson(walproof.command('report').argument('<bundle...>', 'folders that runs left, e.g. runs/latest'))
    .description("write a run's report.html anew; two or more runs are compared")
    .option('--html <file>', 'where to write the page; for one run report.html in its bundle when omitted')
    .action((bundles: string[], options) =>
      act(options.json, async () => (await import('./commands/report.ts')).report(bundles, options)),
    );
}

/** Known bugs, and databases of unknown state. */
function bugCommands(walproof: Command): void {
  withJson(walproof.command('repro').argument('[name]', 'a production bug, or list'))
    .description('a production bug on one command: its finding without the fix, and a pass with it')
    .option('--explain', 'its page: symptom, mechanism, fix, sources')
    .option('--symptom <text>', 'the bugs that a line of a log or a stack trace may be')
    .option('--all', 'every one of them')
    .addOption(new Option('--engine <name>', "docker or process; the bug's fastest when omitted"))
    .option(
      '--times <n>',
      'play it so often, each time from scratch, up to the first time that it does not hold',
      typed(parseWhole('--times', 1, 1_000)),
    )
    .option('--record', 'with --all: write down in README what was reproduced')
    .option('--out <dir>', 'leave logs and files there as they were without the fix; walproof import reads them')
    .option('--keep', 'leave it up without the fix, until Ctrl-C, and say how to look into it')
    .action((name: string | undefined, options) =>
      act(options.json, async (signal) => (await import('./commands/repro.ts')).repro(name, options, signal)),
    );

  withJson(
    walproof.command('inspect').argument('<database>', 'a database file, or nanoclaw or oracle-v2 while it runs'),
  )
    .description('look inside a database, also a live one: files, frames, locks, who holds them, and what to do next')
    .addHelpText('after', INSPECT_HELP)
    .action((database: string, options) =>
      act(options.json, async () => (await import('./commands/inspect.ts')).inspect(database)),
    );

  withJson(
    walproof
      .command('import')
      .argument('<folder or archive>', 'logs, database, -wal and -shm of an incident; .tar, .tar.gz'),
  )
    .description('a diagnosis of what production left: files, rows, logs, the nearest known bugs')
    .option('--db <name>', 'the database that is meant, where there are several')
    .option('--out <dir>', 'keep the working copy and diagnosis.json there')
    .option(
      '--redact',
      'blank text and blobs in the copy that is kept or started, full-text indexes and free pages included',
    )
    .option('--up', 'start the service on a copy of the data, until Ctrl-C')
    .option('--service <name>', 'the service to start, where the tables do not tell')
    .addOption(new Option('--engine <name>', 'with --up: docker or process'))
    .option('--max-mb <n>', 'how much may be unpacked or copied', typed(parseWhole('--max-mb', 1, 1_000_000)), 4_096)
    .addHelpText('after', IMPORT_HELP)
    .action((source: string, options) =>
      act(options.json, async (signal) =>
        (await import('./commands/import.ts')).importIncident(source, options, signal),
      ),
    );
}

/** The machine, and the stack on it. */
function machineCommands(walproof: Command): void {
  withJson(walproof.command('doctor'))
    .description('can this machine run it: each condition with its state and the next step')
    .action((options) => act(options.json, async () => (await import('./commands/doctor.ts')).doctor()));

  withJson(walproof.command('up'))
    .description('the compose stack with traffic and a live page whose buttons act, until Ctrl-C')
    .option('--seed <n>', 'of the traffic, default 1', typed(parseWhole('--seed', 0, 0x7fffffff)))
    .option('--rate <n>', 'calls per second and service, default 60', typed(parseWhole('--rate', 1, 10_000)))
    .addHelpText('after', UP_HELP)
    .action((options) => act(options.json, async (signal) => (await import('./commands/up.ts')).up(options, signal)));

  withJson(walproof.command('down'))
    .description('remove everything that runs and the compose stack left behind')
    .option('--images', 'also remove the images that were built')
    .action((options) => act(options.json, async () => (await import('./commands/down.ts')).down(options)));
}

function withVerifyOptions(command: Command, faults: string): Command {
  return withJson(command.argument('[service...]', 'nanoclaw, oracle-v2; both when none is named'))
    .addOption(new Option('--engine <name>', 'docker or process; docker when a daemon answers, else process'))
    .option('--duration <time>', 'how long traffic runs at least, e.g. 10s or 500ms', typed(parseDuration))
    .option('--clients <n>', 'writing clients per service; twice as many read', typed(parseWhole('--clients', 1, 64)))
    .option(
      '--rate <n>',
      'calls per second and service; 0 is as fast as replies come',
      typed(parseWhole('--rate', 0, 100_000)),
    )
    .option('--faults <list>', faults)
    .option('--db-module <service=file>', 'a db module to judge in place of the patched one (repeatable)', collect, [])
    .option('--no-control', 'leave the control out; without it the verdict cannot be pass')
    .option('--out <dir>', 'where run bundles go; the newest 20 are kept', 'runs');
}

function withJson(command: Command): Command {
  return command.option('--json', 'one JSON document on stdout, progress on stderr', false);
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

try {
  const walproof = program(await faultsHelp(process.argv.slice(2))).exitOverride();
  for (const command of walproof.commands) command.exitOverride();
  if (process.argv.length <= 2) walproof.help({ error: true });
  await walproof.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // commander has written its message already; 0 is --help and --version.
  process.exitCode = error.exitCode === 0 ? EXIT.pass : EXIT.usage;
}
