import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord, LineSplitter } from '../../../runner/src/engine/logFrames';

const harness = resolve(import.meta.dirname, '../../../runner/harness');

/** Runs Python over a JSON value with the harness's modules at hand, and gives what it printed as JSON. */
function inPython(code: string, input: unknown): unknown {
  const program = `import sys, json, base64\nsys.dont_write_bytecode = True\nsys.path.insert(0, ${JSON.stringify(harness)})\nimport framedlog\nvalue = json.load(sys.stdin)\n${code}`;
  return JSON.parse(
    execFileSync('python3', ['-I', '-c', program], { input: JSON.stringify(input), maxBuffer: 1 << 28 }).toString(),
  );
}

const writeAll = `
class Memory:
    full = False
    def holds_up(self): return False
    def __init__(self): self.lines = []
    def put(self, line): self.lines.append(line)
def log_of(pieces, secrets=()):
    sink = Memory()
    log = framedlog.FramedLog(sink, framedlog.Masker(secrets), clock=lambda: 1.5)
    stream = framedlog.Stream(log, b"o")
    for number, piece in enumerate(pieces):
        stream.feed(base64.b64decode(piece), number)
        if number % 7 == 6: stream.flush_partial()
    stream.close()
    return base64.b64encode(b"".join(sink.lines)).decode()
`;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function decode(log: string) {
  return new LineSplitter().push(Buffer.from(log, 'base64')).map((line) => {
    const chunk = decodeRecord(line);
    if (chunk === undefined) throw new Error(`no record: ${line.toString('latin1')}`);
    return chunk;
  });
}

const isWhole = (bytes: Uint8Array, text: Uint8Array): boolean =>
  !Buffer.from(text).toString('utf8').includes('\ufffd')
    ? !Buffer.from(bytes).toString('utf8').includes('\ufffd')
    : true;

describe('the framed log', () => {
  it('loses nothing that was read by the time that its reader is slow', () => {
    const program = `
import os
read_end, write_end = os.pipe()
sink = framedlog.Sink(write_end)
log = framedlog.FramedLog(sink, framedlog.Masker([]))
out, error = framedlog.Stream(log, b"o"), framedlog.Stream(log, b"e")
out.feed(b"x" * (2 * sink.HIGH) + b"part", 0)
out.flush_partial()
error.feed(b"other\\n", 0)
print(json.dumps([sink.full, log.lost, log.bytes - 2 * sink.HIGH]))
`;
    expect(inPython(program, null)).toEqual([true, 0, 10]);
  });

  it('gives back every byte, in records of at most 8 KiB that never cut a character', () => {
    const text = fc.array(
      fc.string({ unit: 'binary', maxLength: 3000 }).map((part) => Buffer.from(part.repeat(4), 'utf8')),
    );
    const bytes = fc.array(fc.uint8Array({ maxLength: 3000 }));
    const cases = [...fc.sample(text, { numRuns: 60, seed: 7 }), ...fc.sample(bytes, { numRuns: 60, seed: 8 })];
    cases.push(
      [Buffer.from('é'.repeat(20_000))],
      [Buffer.from('\u{1f600}'.repeat(9000)).subarray(1)],
      [Buffer.alloc(20_000, 0)],
    );
    const logs = inPython(
      `${writeAll}\nprint(json.dumps([log_of(pieces) for pieces in value]))`,
      cases.map((pieces) => pieces.map(base64)),
    ) as string[];
    cases.forEach((pieces, index) => {
      const whole = Buffer.concat(pieces);
      const chunks = decode(logs[index] ?? '');
      expect(Buffer.concat(chunks.map((chunk) => chunk.bytes)).equals(whole)).toBe(true);
      expect(chunks.map((chunk) => chunk.sequence)).toEqual(chunks.map((_, at) => at + 1));
      for (const chunk of chunks) {
        expect(chunk.bytes.length).toBeLessThanOrEqual(8192);
        expect(chunk).toMatchObject({ stream: 'stdout', time: 1500 });
        expect(isWhole(chunk.bytes, whole)).toBe(true);
      }
    });
  });

  it('shows no secret however it is cut, and changes nothing else', () => {
    const alphabet = fc.constantFrom('a', 'b', 'ab', 'aba', 'key', 'x', '\n', 'é');
    const words = fc.array(alphabet, { maxLength: 60 });
    const secrets = fc.array(
      fc.array(alphabet, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 3 },
    );
    const cases = fc.sample(fc.record({ words, secrets, cut: fc.integer({ min: 1, max: 5 }) }), {
      numRuns: 300,
      seed: 11,
    });
    const input = cases.map(({ words, secrets, cut }) => {
      const whole = Buffer.from(words.join(''));
      const pieces = Array.from({ length: Math.ceil(whole.length / cut) }, (_, at) =>
        base64(whole.subarray(at * cut, at * cut + cut)),
      );
      return { pieces, whole: base64(whole), secrets };
    });
    const logs = inPython(
      `${writeAll}\nprint(json.dumps([[log_of(case["pieces"], case["secrets"]), base64.b64encode(framedlog.Masker(case["secrets"]).apply(base64.b64decode(case["whole"]))).decode()] for case in value]))`,
      input,
    ) as [string, string][];
    logs.forEach(([log, masked]) => {
      const shown = Buffer.concat(decode(log).map((chunk) => chunk.bytes)).toString();
      expect(shown).toBe(Buffer.from(masked, 'base64').toString());
    });
  });

  it('masks what a value looks like in JSON, in repr, and line by line', () => {
    const secret = 'first-long-line\nse"cond-long\\line';
    const shown = inPython(
      'mask = framedlog.Masker([value]).text\nprint(json.dumps([mask(t) for t in (value, json.dumps(value), repr(value), "x first-long-line y")]))',
      secret,
    );
    expect(shown).toEqual(['***', '"***"', expect.stringMatching(/^'\*\*\*'$/), 'x *** y']);
  });

  it('masks nothing for an empty value', () => {
    expect(inPython('print(json.dumps(framedlog.Masker([value]).text("plain")))', '')).toBe('plain');
  });
});
