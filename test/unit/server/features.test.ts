import { describe, expect, test } from 'vitest';
import { codeLenses } from '../../../server/src/features/codeLens';
import { completionsAt } from '../../../server/src/features/completion';
import { documentSymbols } from '../../../server/src/features/documentSymbols';
import { failingLocation, runErrors } from '../../../server/src/features/failingFrame';
import { hoverAt } from '../../../server/src/features/hover';
import type { RunFacts } from '../../../server/src/protocol';
import { SourceText } from '../../../server/src/sourceText';
import { contextOf } from './support/featureContext';

/** Takes the mark `‸` out of the source and tells where it stood. */
function cursor(marked: string): { source: string; position: { line: number; character: number } } {
  const at = marked.indexOf('‸');
  const source = marked.replace('‸', '');
  return { source, position: new SourceText(source).positionAt(at) };
}

const main = `class Main:
    def __init__(self):
        pass

    def train(self, data_directory):
        raise ValueError("no rows")

    def save(self):
        pass
`;

const pipeline = { name: 'digits-gpu', package: 'digits', parameters: { batch_size: '64' }, secrets: ['token'] };
const facts = {
  pipelines: [pipeline],
  parameterNames: ['artifacts_directory', 'save_training_data', 'batch_size', 'token'],
};

const run: RunFacts = {
  id: 'r1',
  pipeline: 'digits-gpu',
  from: '2.0',
  version: '2.1',
  state: 'Successful',
  summary: 'Successful, 6.2 s, val_accuracy 0.982',
  endedAt: 1,
  cause: null,
};

describe('hover', () => {
  const hover = (marked: string, runs: readonly RunFacts[] = []): string | undefined => {
    const { source, position } = cursor(marked);
    const contents = hoverAt(contextOf(source, {}, { facts, runs }), position)?.contents;
    return contents === undefined ? undefined : JSON.stringify(contents);
  };

  test('says what a run does with Main, and how the last one went', () => {
    expect(hover(main.replace('Main', 'Ma‸in'), [run])).toMatch(/m\.train\(.*2\.1: Successful, 6\.2 s/);
  });
  test('says what train and save are called with', () => {
    expect(hover(main.replace('train', '‸train'))).toContain('absolute path of the dataset');
    expect(hover(main.replace('save', 'save‸'))).toContain('next version');
  });
  test('explains the key of a parameter and its value in the pipelines', () => {
    expect(hover('import os\nos.environ["artifacts_dir‸ectory"]')).toContain('`artifacts` by default');
    expect(hover('import os\nos.getenv("batch‸_size")')).toContain('digits-gpu: `64`');
    expect(hover('import os\n"save_training_data‸" in os.environ')).toContain('copy of the dataset');
  });
  test('says nothing of other names', () => {
    expect(hover('import o‸s\n')).toBeUndefined();
    expect(hover('import os\nos.environ["HO‸ME"]')).toBeUndefined();
    expect(hover(`${main}\nclass Other:\n    def tra‸in(self): pass\n`)).toBeUndefined();
  });
});

describe('completion', () => {
  const complete = (marked: string): string[] => {
    const { source, position } = cursor(marked);
    const items = completionsAt(contextOf(source, {}, { facts }), position);
    return items.map(({ label, textEdit }) => `${label} → ${textEdit?.newText.split('\n')[0] ?? ''}`);
  };
  const quoted = facts.parameterNames.map((name) => `${name} → ${name}`);

  test.each([
    'os.environ["‸"]',
    "os.environ['ba‸']",
    'os.environ.get("‸", 1)',
    'os.getenv("‸")',
    'x = os.environ[ "‸"]',
  ])('offers the parameters of the pipelines in %s', (source) => expect(complete(source)).toEqual(quoted));
  test('closes quotes and adds them where they are not typed yet', () => {
    expect(complete('os.environ["ba‸')).toContain('batch_size → batch_size"');
    expect(complete('os.environ[‸]')).toContain('batch_size → "batch_size"');
  });
  test('offers a class Main in an empty file and behind its first letters', () => {
    expect(complete('‸')).toEqual(['main → import os']);
    expect(complete('import os\n\nma‸')).toEqual(['main → class Main:']);
  });
  test('offers nothing elsewhere', () => {
    expect(complete('x = "‸"')).toEqual([]);
    expect(complete(`${main}\nma‸`)).toEqual([]);
    expect(complete('d["‸"]')).toEqual([]);
  });
});

describe('CodeLens', () => {
  const titles = (more: Parameters<typeof contextOf>[2], next = '', source = main): string[] =>
    codeLenses(contextOf(source, {}, more), next).map(({ command }) => command?.title ?? '');

  test('offers to set up a run where there is no pipeline', () => {
    expect(titles({})).toEqual(['$(play) Set up a run']);
  });
  test('offers a run, shows the last one and opens the panel', () => {
    expect(titles({ facts, runs: [run] }, '2.2')).toEqual([
      '$(play) Run digits-gpu: working folder → 2.2',
      '$(pass) 2.1 Successful, 6.2 s, val_accuracy 0.982',
      'Open pipeline panel',
    ]);
  });
  test('shows progress and Stop while a run goes on', () => {
    const going = { ...run, state: 'Running', version: '2.2', summary: 'Running 41 s', endedAt: null };
    expect(titles({ facts, runs: [going] })).toEqual(['$(sync~spin) 2.2 Running 41 s', 'Stop']);
  });
  test('counts what keeps the package from running', () => {
    expect(titles({}, '', 'class Main:\n    pass\n').slice(1)).toEqual([
      '2 problems keep this package from running',
      'Show problems',
    ]);
  });
});

test('document symbols are Main and the methods that a run calls', () => {
  const [symbol] = documentSymbols(contextOf(`${main}    def other(self): pass\n`));
  expect(symbol?.name).toBe('Main');
  expect(symbol?.children?.map(({ name }) => name)).toEqual(['__init__', 'train', 'save']);
});

describe('the failing line of the last run', () => {
  const frame = (line: number, text: string): NonNullable<RunFacts['cause']>['traceback'][number] => ({
    file: 'train.py',
    line,
    function: 'train',
    text,
  });
  const failed: RunFacts = {
    ...run,
    state: 'Failed',
    cause: {
      message: 'ValueError: no rows',
      traceback: [
        frame(5, 'def train(self, data_directory):'),
        frame(6, 'raise ValueError("no rows")'),
        { file: '/usr/lib/python3/site-packages/torch/nn.py', line: 3, function: 'f', text: 'raise' },
      ],
    },
  };
  const shown = (source: string): string[] =>
    runErrors(contextOf(source, {}, { runs: [failed] })).map(
      ({ message, range }) => `${message} ${range.start.line}:${range.start.character}-${range.end.character}`,
    );

  test('is the innermost frame that lies in the package', () => {
    expect(shown(main)).toEqual(['ValueError: no rows 5:8-35']);
    expect(failingLocation(contextOf(main, {}, { runs: [failed] }))?.range.start).toEqual({ line: 5, character: 8 });
  });
  test('moves with the text and goes when the line is changed', () => {
    expect(shown(`import os\n\n${main}`)).toEqual(['ValueError: no rows 7:8-35']);
    expect(shown(main.replace('no rows', 'none'))).toEqual([]);
  });
  test('is forgotten once a run succeeds', () => {
    expect(runErrors(contextOf(main, {}, { runs: [run] }))).toEqual([]);
  });
});
