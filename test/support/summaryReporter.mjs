// What became of each test, written for `npm test`: vitest's own JSON leaves out why a test was skipped.
import { writeFileSync } from 'node:fs';

const place = (task) =>
  `${task.module?.relativeModuleId ?? task.relativeModuleId} > ${task.fullName ?? ''}`.replace(/ > $/, '');
const words = (errors) =>
  errors
    .map((error) => error.stack ?? error.message ?? String(error))
    .join('\n')
    .split('\n')
    .filter((line) => !/^\s+at .*node_modules/.test(line))
    .join('\n');

/** What a hook found missing on this machine (NotHereError): a reason to skip. What then fails in the hooks after it is no news. */
const lacks = (owner) => owner.errors().find((error) => error.name === 'NotHereError')?.message;

function* ownersOf(test) {
  for (let owner = test.parent; owner !== undefined; owner = owner.type === 'module' ? undefined : owner.parent)
    yield owner;
}

export default class SummaryReporter {
  onTestRunEnd(modules, unhandled) {
    const summary = { passed: 0, failed: [], skipped: [], lacks: false };
    for (const module of modules) {
      // A file that cannot be read, and a hook that failed: the tests below it did not run, and count as skipped by vitest.
      for (const owner of [module, ...module.children.allSuites()]) {
        const errors = owner.errors();
        if (lacks(owner) !== undefined) summary.lacks = true;
        if (errors.length > 0 && lacks(owner) === undefined)
          summary.failed.push({ name: place(owner), error: words(errors) });
      }
      for (const test of module.children.allTests()) count(summary, test);
    }
    for (const error of unhandled) summary.failed.push({ name: 'an error that no test caught', error: words([error]) });
    writeFileSync(process.env.TRAINING_PIPELINES_TEST_SUMMARY, JSON.stringify(summary));
  }
}

function count(summary, test) {
  const result = test.result();
  const isMissing = result.state === 'failed' && result.errors.some(({ name }) => name === 'NotHereError');
  if (isMissing) summary.lacks = true;
  if (result.state === 'passed') summary.passed += 1;
  else if (result.state === 'failed' && !isMissing)
    summary.failed.push({ name: place(test), error: words(result.errors) });
  else summary.skipped.push({ name: place(test), why: reason(test, result) });
}

function reason(test, result) {
  const missing = [...ownersOf(test)].map(lacks).find((words) => words !== undefined);
  return missing ?? result.note ?? result.errors?.[0]?.message ?? 'no reason was given';
}
