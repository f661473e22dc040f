/** The patterns of `case`, with the rules on captured names. */
import { ExpressionParser } from './expressionParser';
import { node, type Node } from './node';

/** Names that a pattern binds, and why it matches anything (`undefined`: it may not match). */
interface Read {
  readonly bindings: readonly Node[];
  readonly irrefutable: string | undefined;
  readonly starred?: boolean;
  readonly expressions: readonly Node[];
}

const nothing: Read = { bindings: [], irrefutable: undefined, expressions: [] };

export interface CasePattern {
  readonly children: readonly Node[];
  readonly irrefutable: string | undefined;
  readonly start: number;
  readonly end: number;
}

export abstract class PatternParser extends ExpressionParser {
  /** The pattern of a `case`, up to `if` or `:`. */
  protected casePattern(): CasePattern {
    const { start } = this.token;
    const first = this.maybeStar();
    let read = first;
    if (this.isOp(',') || first.starred === true) {
      const items = [first];
      while (this.takeOp(',')) {
        if (this.isOp(':') || this.isKeyword('if')) break;
        items.push(this.maybeStar());
      }
      read = this.sequence(items);
    }
    return {
      children: [...read.bindings, ...read.expressions],
      irrefutable: read.irrefutable,
      start,
      end: this.lastEnd,
    };
  }

  private join(parts: readonly Read[]): Read {
    const seen = new Set<string>();
    const bindings = parts.flatMap((part) => part.bindings);
    for (const binding of bindings) {
      if (seen.has(binding.text)) this.failAt(`multiple assignments to name '${binding.text}' in pattern`, binding);
      seen.add(binding.text);
    }
    return { bindings, irrefutable: undefined, expressions: parts.flatMap((part) => part.expressions) };
  }

  private sequence(items: readonly Read[]): Read {
    if (items.filter((item) => item.starred === true).length > 1) {
      this.fail('multiple starred expressions in sequence pattern', this.lastEnd - 1, this.lastEnd);
    }
    return this.join(items);
  }

  private maybeStar(): Read {
    if (!this.takeOp('*')) return this.asPattern();
    const { text, start, end } = this.expectName();
    return { ...this.capture(text, start, end), irrefutable: undefined, starred: true };
  }

  private capture(text: string, start: number, end: number): Read {
    if (text === '_') return { ...nothing, irrefutable: 'wildcard' };
    const bindings = [node('binding', start, end, undefined, text)];
    return { bindings, irrefutable: `name capture '${text}'`, expressions: [] };
  }

  private asPattern(): Read {
    const pattern = this.orPattern();
    if (!this.takeKeyword('as')) return pattern;
    const { text, start, end, kind } = this.token;
    if (kind !== 'name') this.invalid('invalid pattern target');
    if (text === '_') this.invalid("cannot use '_' as a target");
    this.advance();
    if (this.isOp('.') || this.isOp('(')) this.fail('invalid pattern target', start, this.token.end);
    const joined = this.join([pattern, this.capture(text, start, end)]);
    return { ...joined, irrefutable: pattern.irrefutable };
  }

  private orPattern(): Read {
    const { start } = this.token;
    let left = this.closedPattern();
    if (!this.isOp('|')) return left;
    const names = boundNames(left);
    const expressions = [...left.expressions];
    while (this.isOp('|')) {
      if (left.irrefutable !== undefined) this.unreachable(left.irrefutable, start);
      this.advance();
      left = this.closedPattern();
      expressions.push(...left.expressions);
      if (boundNames(left) !== names) {
        this.fail('alternative patterns bind different names', start, this.lastEnd);
      }
    }
    return { ...left, expressions };
  }

  protected unreachable(what: string, start: number): never {
    return this.fail(`${what} makes remaining patterns unreachable`, start, this.lastEnd);
  }

  private closedPattern(): Read {
    const { kind, text } = this.token;
    switch (kind) {
      case 'name':
        return this.namePattern();
      case 'string':
      case 'fstring':
        return this.stringPattern();
      case 'number':
        return this.numberPattern();
      case 'op':
        return this.opPattern(text);
      default:
        if (text !== 'None' && text !== 'True' && text !== 'False') this.invalid();
        this.advance();
        return nothing;
    }
  }

  private opPattern(text: string): Read {
    if (text === '-') return this.numberPattern();
    if (this.takeOp('(')) return this.itemsIn(')');
    if (this.takeOp('[')) return this.itemsIn(']');
    if (this.takeOp('{')) return this.mapping();
    return this.invalid();
  }

  private stringPattern(): Read {
    const { start } = this.token;
    let formatted = false;
    while (this.isKind('string') || this.isKind('fstring')) {
      formatted ||= this.isKind('fstring');
      if (this.isKind('fstring')) this.fString();
      else this.advance();
    }
    if (formatted) this.fail('patterns may only match literals and attribute lookups', start, this.lastEnd);
    return nothing;
  }

  private numberPattern(): Read {
    this.takeOp('-');
    if (!this.isKind('number')) this.invalid();
    const real = this.advance();
    if (!this.isOp('+') && !this.isOp('-')) return nothing;
    if (/[jJ]$/.test(this.source.slice(real.start, real.end)))
      this.failAt('real number required in complex literal', real);
    this.advance();
    const { kind, start, end } = this.token;
    if (kind !== 'number') this.invalid();
    if (!/[jJ]$/.test(this.source.slice(start, end))) this.invalid('imaginary number required in complex literal');
    this.advance();
    return nothing;
  }

  private namePattern(): Read {
    const { text, start, end } = this.advance();
    let value = node('name', start, end, undefined, text);
    if (!this.isOp('.') && !this.isOp('(')) return this.capture(text, start, end);
    while (this.takeOp('.')) {
      const name = this.expectName();
      value = node('attribute', start, this.lastEnd, [value], name.text);
    }
    const read = { ...nothing, expressions: [value] };
    if (!this.takeOp('(')) return read;
    return this.join([read, this.classArguments()]);
  }

  private classArguments(): Read {
    const parts: Read[] = [];
    const names = new Set<string>();
    while (!this.isOp(')')) {
      const { kind, text, start, end } = this.token;
      const pattern = this.asPattern();
      if (kind === 'name' && this.isOp('=') && this.lastEnd === end) {
        this.advance();
        if (names.has(text)) this.fail(`attribute name repeated in class pattern: ${text}`, start, end);
        names.add(text);
        parts.push(this.asPattern());
      } else {
        if (names.size > 0) this.fail('positional patterns follow keyword patterns', start, this.lastEnd);
        parts.push(pattern);
      }
      if (!this.takeOp(',')) break;
    }
    this.expectCloser(')', undefined);
    return this.join(parts);
  }

  private itemsIn(closer: ')' | ']'): Read {
    const items: Read[] = [];
    let comma = false;
    while (!this.isOp(closer)) {
      items.push(this.maybeStar());
      if (!this.takeOp(',')) break;
      comma = true;
    }
    this.expectCloser(closer, undefined);
    const [first] = items;
    if (closer === ')' && !comma && first !== undefined) {
      if (first.starred !== true) return first;
      this.fail('cannot use starred expression here', this.lastEnd - 1, this.lastEnd);
    }
    return this.sequence(items);
  }

  private mapping(): Read {
    const parts: Read[] = [];
    const keys = new Set<string>();
    while (!this.isOp('}')) {
      if (this.takeOp('**')) {
        const { text, start, end } = this.expectName();
        if (text === '_') this.fail('invalid syntax', start, end);
        parts.push(this.capture(text, start, end));
        this.takeOp(',');
        break;
      }
      parts.push(this.mappingKey(keys));
      this.expectOp(':');
      parts.push(this.asPattern());
      if (!this.takeOp(',')) break;
    }
    this.expectCloser('}', undefined);
    return this.join(parts);
  }

  private mappingKey(keys: Set<string>): Read {
    const { start } = this.token;
    const { kind } = this.token;
    const key = this.closedPattern();
    const text = keyValue(this.source.slice(start, this.lastEnd));
    const literal = kind !== 'name';
    if (key.bindings.length > 0 || (key.irrefutable !== undefined && !literal)) {
      this.fail('mapping pattern keys may only match literals and attribute lookups', start, this.lastEnd);
    }
    if (literal && keys.has(text)) this.fail(`mapping pattern checks duplicate key (${text})`, start, this.lastEnd);
    keys.add(text);
    return key;
  }
}

function boundNames(read: Read): string {
  return read.bindings
    .map(({ text }) => text)
    .sort()
    .join(' ');
}

/** `0`, `-0`, `0.0` and `False` are one key. */
function keyValue(text: string): string {
  if (text === 'True' || text === 'False') return text === 'True' ? '1' : '0';
  const plain = text.replaceAll('_', '').replace(/^-(?=[0.]*$)/, '');
  const value = Number(plain.replace(/^([0.]+)[jJ]$/, '$1'));
  return /^-?[\d.]/.test(plain) && !Number.isNaN(value) ? String(value) : text;
}
