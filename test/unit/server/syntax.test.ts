import { describe, expect, test } from 'vitest';
import { checkSyntax, newerSyntax, type SyntaxState } from '../../../server/src/python/syntaxRules';
import { SourceText } from '../../../server/src/sourceText';

/** `line:column message`, or undefined where Python reads the text. */
function problem(text: string): string | undefined {
  const found = checkSyntax(text).problem;
  if (found === undefined) return undefined;
  const { line, character } = new SourceText(text).positionAt(found.start);
  return `${line}:${character} ${found.message}`;
}

describe('what CPython refuses', () => {
  test.each([
    ['print "x"', "0:0 Missing parentheses in call to 'print'. Did you mean print(...)?"],
    ['exec "x"', "0:0 Missing parentheses in call to 'exec'. Did you mean exec(...)?"],
    ['try: pass\nexcept E, e: pass', '1:7 multiple exception types must be parenthesized'],
    ['raise E, "x"', '0:7 invalid syntax'],
    [
      'x = 0777',
      '0:4 leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers',
    ],
    ['x = 10L', '0:4 invalid decimal literal'],
    ['x = `1`', '0:4 invalid syntax'],
    ['a <> b', '0:2 invalid syntax'],
    ['def f((a, b)): pass', '0:6 Function parameters cannot be parenthesized'],
    ['x = ur"a"', '0:6 invalid syntax'],
    ['return 1', "0:0 'return' outside function"],
    ['class A:\n    return', "1:4 'return' outside function"],
    ['yield 1', "0:0 'yield' outside function"],
    ['await x', "0:0 'await' outside function"],
    ['def f():\n    await x', "1:4 'await' outside async function"],
    ['async def f():\n    yield from x', "1:4 'yield from' inside async function"],
    ['async def f():\n    yield 1\n    return 2', "2:4 'return' with value in async generator"],
    ['def f():\n    async with x: pass', "1:4 'async with' outside async function"],
    ['def f():\n    [x async for x in y]', '1:4 asynchronous comprehension outside of an asynchronous function'],
    ['break', "0:0 'break' outside loop"],
    ['for x in y:\n    def f():\n        continue', "2:8 'continue' not properly in loop"],
    ['while x: pass\nelse: break', "1:6 'break' outside loop"],
    ['def f(a=1, b): pass', '0:11 parameter without a default follows parameter with a default'],
    ['def f(a, a): pass', "0:9 duplicate argument 'a' in function definition"],
    ['lambda a, *a: 1', "0:11 duplicate argument 'a' in function definition"],
    ['def f(*): pass', '0:6 named arguments must follow bare *'],
    ['def f(*, **k): pass', '0:6 named arguments must follow bare *'],
    ['def f(a, /, b, /): pass', '0:15 / may appear only once'],
    ['def f(**k, a): pass', '0:11 arguments cannot follow var-keyword argument'],
    ['f() = 1', "0:0 cannot assign to function call here. Maybe you meant '==' instead of '='?"],
    ['(a, 1) = x', '0:4 cannot assign to literal'],
    ['None = 1', '0:0 cannot assign to None'],
    ['*a = x', '0:0 starred assignment target must be in a list or tuple'],
    ['*a, *b = x', '0:4 multiple starred expressions in assignment'],
    ['x = *a', "0:4 can't use starred expression here"],
    ['(a, b) += 1', "0:0 'tuple' is an illegal expression for augmented assignment"],
    ['a, b: int', '0:0 only single target (not tuple) can be annotated'],
    ['del f()', '0:4 cannot delete function call'],
    ['for f() in x: pass', '0:4 cannot assign to function call'],
    ['with x as 1: pass', "0:10 cannot assign to literal here. Maybe you meant '==' instead of '='?"],
    ['if x = 1: pass', "0:3 invalid syntax. Maybe you meant '==' or ':=' instead of '='?"],
    ['x := 1', '0:2 invalid syntax'],
    ['f(a=1, a=2)', '0:7 keyword argument repeated: a'],
    ['f(a=1, b)', '0:7 positional argument follows keyword argument'],
    ['f(**a, *b)', '0:7 iterable argument unpacking follows keyword argument unpacking'],
    ['f(x for x in y, 1)', '0:2 Generator expression must be parenthesized'],
    ['f(a.b=1)', '0:2 expression cannot contain assignment, perhaps you meant "=="?'],
    ['[*a for a in b]', '0:1 iterable unpacking cannot be used in comprehension'],
    ['[x := 1 for x in y]', "0:1 assignment expression cannot rebind comprehension iteration variable 'x'"],
    ['x = 1\nglobal x', "1:0 name 'x' is assigned to before global declaration"],
    ['def f(x):\n    global x', "1:4 name 'x' is parameter and global"],
    ['def f():\n    print(x)\n    global x', "2:4 name 'x' is used prior to global declaration"],
    ['nonlocal x', '0:0 nonlocal declaration not allowed at module level'],
    ['def f():\n    nonlocal x', "1:4 no binding for nonlocal 'x' found"],
    ['def f():\n    from os import *', '1:4 import * only allowed at module level'],
    [
      'import os\nfrom __future__ import annotations',
      '1:0 from __future__ imports must occur at the beginning of the file',
    ],
    ['from __future__ import nothing', '0:23 future feature nothing is not defined'],
    ['from os import a,', '0:17 trailing comma not allowed without surrounding parentheses'],
    ['try: pass\nx = 1', "1:0 expected 'except' or 'finally' block"],
    ['try: pass\nexcept: pass\nexcept E: pass', "1:0 default 'except:' must be last"],
    ['if x:\npass', "1:0 expected an indented block after 'if' statement"],
    ['class A:', '0:8 expected an indented block after class definition'],
    ['x = 1\n  y = 2', '1:0 unexpected indent'],
    ['if x:\n    a\n  b', '2:0 unindent does not match any outer indentation level'],
    ['if x:\n        a\n\tb', '2:0 inconsistent use of tabs and spaces in indentation'],
    ['if x\n    y', "0:4 expected ':'"],
    ['x = (1,\ny = 2\n', "0:4 '(' was never closed"],
    ['x = [1)', "0:6 closing parenthesis ')' does not match opening parenthesis '['"],
    ['x = 1)', "0:5 unmatched ')'"],
    ['f(a b)', '0:2 invalid syntax. Perhaps you forgot a comma?'],
    ["x = 'abc", '0:4 unterminated string literal'],
    ['x = """abc\n', '0:4 unterminated triple-quoted string literal'],
    ["x = '\\x1'", "0:5 (unicode error) 'unicodeescape' codec can't decode: truncated \\xXX escape"],
    ["x = b'é'", '0:6 bytes can only contain ASCII literal characters'],
    ["x = 'a' b'b'", '0:4 cannot mix bytes and nonbytes literals'],
    ["f'{}'", "0:3 f-string: valid expression required before '}'"],
    ["f'{a b}'", "0:5 f-string: expecting '}'"],
    ["f'{a!x}'", "0:5 f-string: invalid conversion character: expected 's', 'r', or 'a'"],
    ["f'}'", "0:2 f-string: single '}' is not allowed"],
    ['x = 1_', '0:4 invalid decimal literal'],
    ['x = 0xg', '0:4 invalid hexadecimal literal'],
    ['x = “a”', "0:4 invalid character '“' (U+201C)"],
    ['x =\u00a01', '0:3 invalid non-printable character U+00A0'],
    ['x = 1\0', '0:5 source code cannot contain null bytes'],
    ['# coding: utf-9\nx', '0:10 unknown encoding: utf-9'],
    ['x = \\ 1', '0:4 unexpected character after line continuation character'],
    ['match x:\n    case a: pass\n    case b: pass', "1:9 name capture 'a' makes remaining patterns unreachable"],
    ['match x:\n    case [a, a]: pass', "1:13 multiple assignments to name 'a' in pattern"],
    ['class A[T, T]: pass', "0:11 duplicate type parameter 'T'"],
    ['({a: 1 for a in b, c})', '0:17 invalid syntax'],
    ['else:\n    pass', '0:0 invalid syntax'],
    ['assert x, y, z', '0:11 invalid syntax'],
    ['import a.b as c.d', '0:14 cannot use attribute as import target'],
    ['("(" * 3', "0:0 '(' was never closed"],
    ['('.repeat(300), '0:200 too many nested parentheses'],
  ])('%j', (text, expected) => expect(problem(text)).toBe(expected));
});

describe('what only new Pythons read', () => {
  test.each([
    'match x:\n    case {"a": [1, *rest], **more} if rest: pass\n    case Point(x=0) | None: pass\n    case _: pass',
    'try: pass\nexcept* ValueError as e: pass',
    'type X[U, T: int = str, *Ts = *tuple[int], **P = [int]] = dict[U, T]',
    'def f[T](x: T) -> T: return x',
    'class A[T](B[T]): pass',
    'f"{d["a"]} {f"{1 + f"{2}"}"} {x!r:>{w}} {\n  y  # note\n} {z = }"',
    't"{x}"',
    'try: pass\nexcept ValueError, TypeError: pass',
    'def f(*args: *Ts): x[*args]',
    'with (open(a) as b, c as d,): pass',
    '@x[0].y(1) if z else w\ndef f(): pass',
    'if (n := len(a)) > 1: pass',
    'for x in *a, *b: pass',
    'print(f(*a, k=1, **b, c=2))',
    'match = type = case = _ = 1\nmatch(x)\nmatch[x]: int = 1\ntype(x)\nprint(match, type)',
    'def f(a, /, b, *, c): pass',
    'async def f():\n    return [await x async for x in y if await z]',
    'lambda *, a, **k: (yield)',
    'x = 1if y else 2',
    '\ufeffx = 1\r\n\ty = 2'.replace('\ty', 'y'),
    'if x:\n\tpass\n\n# comment at the margin\n\tpass\n',
    'def f():\n    global x, y\n    x = 1\n\nx = 2\n',
  ])('is let pass: %j', (text) => expect(problem(text)).toBeUndefined());

  test('is named where the configured Python is older', () => {
    const minor = (text: string, python: number): number | undefined => newerSyntax(checkSyntax(text), python)?.minor;
    const match = 'match x:\n    case 1: pass\n';
    expect(minor(match, 9)).toBe(10);
    expect(minor(match, 10)).toBeUndefined();
    expect(minor(`x = 1\n${match}f"{d["a"]}"`, 11)).toBe(12);
  });
});

test('positions count UTF-16 units, any line end, and no byte-order mark', () => {
  expect(problem('x = "😀"; return')).toBe("0:10 'return' outside function");
  expect(problem('x\r\ny\rz\nreturn')).toBe("3:0 'return' outside function");
  expect(problem('\ufeffreturn')).toBe("0:0 'return' outside function");
  expect(problem('\f\nreturn')).toBe("1:0 'return' outside function");
});

test('only the first problem of a file is told', () => {
  expect(problem('x = 1\nreturn\nprint "x"')).toBe("1:0 'return' outside function");
});

const pieces = '( ) [ ] { } : " \' """ \'\'\' \\ # , = := * ** @ . 1 x é 😀 \ufeff \t \f'.split(' ');
const lines = [
  '\n',
  '\r\n',
  '\r',
  '\n    ',
  '\n\t',
  'def f():\n',
  'global x\n',
  'if x:\n',
  'else:\n',
  'f"{',
  '}"',
  'match x:\n',
];
const base = `from __future__ import annotations
import os

class Main:
    """Docs."""
    def train(self, data):
        for x in data:
            print(f"{x!r:>{10}}", os.environ["a"])

    def save(self):
        with open("m.pt", "wb") as file:
            file.write(b"x")

if __name__ == "__main__":
    Main().train("data")
else:
    x = [
        1,
        2,
    ]
`;

/** A small generator of numbers, so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((state / 0x8000_0000) * below);
  };
}

test('an edited text is judged as if it had been read afresh', () => {
  const seed = 20_250_101;
  const next = numbers(seed);
  const inserted = [...pieces, ...lines, ''];
  let text = base;
  let state: SyntaxState = checkSyntax(text);
  for (let edit = 0; edit < 2_000; edit++) {
    const at = next(text.length + 1);
    const removed = next(4) === 0 ? next(30) : next(3);
    text =
      next(20) === 0 ? base : text.slice(0, at) + (inserted[next(inserted.length)] ?? '') + text.slice(at + removed);
    state = checkSyntax(text, state);
    expect(state, `seed ${seed}, edit ${edit}`).toEqual(checkSyntax(text));
  }
});

test('every prefix of a file is judged', () => {
  let state: SyntaxState | undefined;
  for (let length = 0; length <= base.length; length++) state = checkSyntax(base.slice(0, length), state);
  expect(state?.problem).toBeUndefined();
});

test.each([
  ['nested brackets', '('.repeat(100_000)],
  ['signs', `x = ${'-'.repeat(100_000)}1`],
  ['terms', `x = ${'1 + '.repeat(100_000)}1`],
  ['attributes', `x${'.y'.repeat(100_000)}`],
  ['lambdas', `x = ${'lambda: '.repeat(50_000)}1`],
  ['branches', `if x: pass\n${'elif x: pass\n'.repeat(20_000)}`],
  ['open strings', 'f"""\n'.repeat(20_000)],
  ['binary content', String.fromCharCode(...Array.from({ length: 65_536 }, (_, index) => (index * 7_919) % 256))],
])('no stack is too small for %s', (_, text) => {
  expect(() => checkSyntax(text)).not.toThrow();
});
