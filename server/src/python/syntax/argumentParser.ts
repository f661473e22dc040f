/** The arguments of a call or of a class, and the rules on their order. */
import { node, type Clause, type Node } from './node';
import { describe } from './targets';
import { TokenReader } from './tokenReader';

interface Seen {
  keyword: boolean;
  unpacked: boolean;
  readonly names: Set<string>;
}

export abstract class ArgumentParser extends TokenReader {
  protected abstract expression(): Node;
  protected abstract namedExpression(): Node;
  protected abstract atClause(): boolean;
  protected abstract clauses(): Clause[];

  /** From behind the opening parenthesis to behind the closing one. */
  protected callArguments(generators: boolean): Node[] {
    const read: Node[] = [];
    const seen: Seen = { keyword: false, unpacked: false, names: new Set() };
    while (!this.isOp(')')) {
      const argument = this.argument(seen);
      read.push(argument);
      if (this.atClause()) {
        read[read.length - 1] = this.generator(argument, read.length === 1 && generators);
        break;
      }
      if (!this.takeOp(',')) break;
    }
    this.expectCloser(')', read.at(-1));
    return read;
  }

  private generator(element: Node, alone: boolean): Node {
    if (element.kind === 'keywordArgument') {
      this.failAt("invalid syntax. Maybe you meant '==' or ':=' instead of '='?", element);
    }
    if (element.kind === 'starred') this.failAt('cannot use starred expression here', element);
    const clauses = this.clauses();
    const generator = {
      ...node('comprehension', element.start, this.lastEnd, [element], 'generator expression'),
      clauses,
    };
    if (!alone || !this.isOp(')')) this.failAt('Generator expression must be parenthesized', generator);
    return generator;
  }

  private argument(seen: Seen): Node {
    const { start } = this.token;
    if (this.takeOp('**')) return this.unpackedKeywords(start, seen);
    if (this.takeOp('*')) return this.unpackedPositionals(start, seen);
    const value = this.namedExpression();
    if (this.isOp('=')) return this.keywordArgument(value, seen);
    if (seen.unpacked) this.failAt('positional argument follows keyword argument unpacking', value);
    if (seen.keyword) this.failAt('positional argument follows keyword argument', value);
    return value;
  }

  private unpackedKeywords(start: number, seen: Seen): Node {
    seen.unpacked = true;
    const value = this.expression();
    return node('keywordArgument', start, value.end, [value]);
  }

  private unpackedPositionals(start: number, seen: Seen): Node {
    const value = this.expression();
    const argument = node('starred', start, value.end, [value]);
    if (this.isOp('=')) this.failAt('cannot assign to iterable argument unpacking', argument);
    if (seen.unpacked) this.failAt('iterable argument unpacking follows keyword argument unpacking', argument);
    return argument;
  }

  private keywordArgument(name: Node, seen: Seen): Node {
    if (name.kind !== 'name' || name.parenthesised === true) this.notAName(name);
    if (name.text === '__debug__') this.failAt('cannot assign to __debug__', name);
    this.advance();
    if (this.isOp(',') || this.isOp(')')) this.fail('expected argument value expression', name.start, this.lastEnd);
    const value = this.expression();
    if (this.isOp(':=') || this.isOp('=')) this.invalid();
    if (seen.names.has(name.text)) {
      this.fail(`keyword argument repeated: ${name.text}`, name.start, value.end);
    }
    seen.names.add(name.text);
    seen.keyword = true;
    return node('keywordArgument', name.start, value.end, [value], name.text);
  }

  private notAName(value: Node): never {
    const constant = value.kind === 'constant' && ['True', 'False', 'None'].includes(value.text);
    if (constant) this.failAt(`cannot assign to ${describe(value)}`, value);
    return this.fail('expression cannot contain assignment, perhaps you meant "=="?', value.start, this.token.end);
  }
}
