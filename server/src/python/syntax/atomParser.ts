/** Names, literals, displays and comprehensions, and what may follow them: calls, attributes, subscripts. */
import { FStringParser } from './fStringParser';
import { node, type Clause, type Node } from './node';
import { checkTarget } from './targets';
import { SyntaxFailure } from './syntaxProblem';

export abstract class AtomParser extends FStringParser {
  protected abstract bitwiseOr(): Node;
  protected abstract disjunction(): Node;

  protected primary(): Node {
    let left = this.atom();
    for (;;) {
      const { start } = left;
      if (this.takeOp('.')) {
        const name = this.expectName();
        left = node('attribute', start, this.lastEnd, [left], name.text);
      } else if (this.takeOp('(')) {
        left = node('call', start, this.lastEnd, [left, ...this.callArguments(true)]);
        left = { ...left, end: this.lastEnd };
      } else if (this.takeOp('[')) {
        const index = this.subscript();
        left = node('subscript', start, this.lastEnd, [left, index]);
      } else {
        return left;
      }
    }
  }

  private atom(): Node {
    const { kind, text, start, end } = this.token;
    if (kind === 'name') {
      this.advance();
      return node('name', start, end, undefined, text);
    }
    if (kind === 'number') {
      this.advance();
      return node('constant', start, end, undefined, 'literal');
    }
    if (kind === 'string' || kind === 'fstring') return this.strings();
    if (kind === 'op') return this.opAtom(text);
    if (kind === 'keyword' && (text === 'None' || text === 'True' || text === 'False')) {
      this.advance();
      return node('constant', start, end, undefined, text);
    }
    return this.invalid();
  }

  private opAtom(text: string): Node {
    const { start, end } = this.token;
    if (text === '(') return this.group();
    if (text === '[') return this.listDisplay();
    if (text === '{') return this.braces();
    if (text !== '...') this.invalid();
    this.advance();
    return node('constant', start, end, undefined, 'ellipsis');
  }

  private strings(): Node {
    const { start } = this.token;
    const parts: Node[] = [];
    let formatted = false;
    let bytes: boolean | undefined;
    while (this.isKind('string') || this.isKind('fstring')) {
      const here = this.token.text.includes('b');
      if (bytes !== undefined && bytes !== here) {
        this.fail('cannot mix bytes and nonbytes literals', start, this.token.end);
      }
      bytes = here;
      if (this.isKind('fstring')) {
        formatted = true;
        parts.push(...this.fString().children);
      } else {
        this.advance();
      }
    }
    // Only text can be a docstring.
    const text = bytes === true ? 'bytes' : 'text';
    return node(formatted ? 'fstring' : 'string', start, this.lastEnd, parts, text);
  }

  private group(): Node {
    const { start } = this.advance();
    if (this.takeOp(')')) return { ...node('tuple', start, this.lastEnd), parenthesised: true };
    if (this.isKeyword('yield')) return this.enclosed(start, this.yieldOrExpressions());
    const first = this.starNamed();
    if (this.atClause()) return this.comprehension(start, [first], ')', 'generator expression');
    if (!this.isOp(',')) {
      if (first.kind === 'starred' && this.isOp(')')) this.failAt('cannot use starred expression here', first);
      return this.enclosed(start, first);
    }
    const items = this.moreItems(first, ')');
    return { ...node('tuple', start, this.lastEnd, items), parenthesised: true };
  }

  private enclosed(start: number, inner: Node): Node {
    this.expectCloser(')', inner);
    return { ...inner, start, end: this.lastEnd, parenthesised: true };
  }

  private listDisplay(): Node {
    const { start } = this.advance();
    if (this.takeOp(']')) return node('list', start, this.lastEnd);
    const first = this.starNamed();
    if (this.atClause()) return this.comprehension(start, [first], ']', 'list comprehension');
    const items = this.moreItems(first, ']');
    return node('list', start, this.lastEnd, items);
  }

  private moreItems(first: Node, closer: string): Node[] {
    const items = [first];
    while (this.takeOp(',')) {
      if (this.isOp(closer)) break;
      items.push(this.starNamed());
      if (this.atClause() && items.length === 2) {
        this.fail('did you forget parentheses around the comprehension target?', first.start, this.lastEnd);
      }
    }
    this.expectCloser(closer, items.at(-1));
    return items;
  }

  protected starNamed(): Node {
    const { start } = this.token;
    if (!this.takeOp('*')) return this.namedExpression();
    const value = this.bitwiseOr();
    return node('starred', start, value.end, [value]);
  }

  private braces(): Node {
    const { start } = this.advance();
    if (this.takeOp('}')) return node('dict', start, this.lastEnd);
    if (this.isOp('**')) return this.dictDisplay(start, this.dictItem());
    const first = this.starNamed();
    if (first.kind !== 'starred' && this.isOp(':')) return this.dictDisplay(start, this.dictValue(first));
    if (this.atClause()) return this.comprehension(start, [first], '}', 'set comprehension');
    const items = this.moreItems(first, '}');
    return node('set', start, this.lastEnd, items);
  }

  private dictItem(): Node[] {
    const { start } = this.token;
    if (this.takeOp('**')) {
      const value = this.bitwiseOr();
      return [node('keywordArgument', start, value.end, [value])];
    }
    const key = this.expression();
    if (!this.isOp(':')) this.invalid("':' expected after dictionary key");
    return this.dictValue(key);
  }

  private dictValue(key: Node): Node[] {
    if (key.kind === 'walrus' && key.parenthesised !== true) this.failAt('invalid syntax', key);
    this.advance();
    if (this.isOp('}') || this.isOp(',')) {
      this.fail("expression expected after dictionary key and ':'", this.lastEnd - 1, this.lastEnd);
    }
    if (this.isOp('*')) this.invalid('cannot use a starred expression in a dictionary value');
    return [key, this.expression()];
  }

  private dictDisplay(start: number, first: Node[]): Node {
    if (this.atClause()) {
      if (first.length === 1) this.fail('dict unpacking cannot be used in dict comprehension', start, this.token.end);
      return this.comprehension(start, first, '}', 'dict comprehension');
    }
    const items = [...first];
    while (this.takeOp(',')) {
      if (this.isOp('}')) break;
      items.push(...this.dictItem());
    }
    this.expectCloser('}', items.at(-1));
    return node('dict', start, this.lastEnd, items);
  }

  private comprehension(start: number, elements: Node[], closer: string, text: string): Node {
    const starred = elements.find((element) => element.kind === 'starred');
    if (starred !== undefined) this.failAt('iterable unpacking cannot be used in comprehension', starred);
    const clauses = this.clauses();
    this.expectCloser(closer, undefined);
    const parenthesised = closer === ')';
    return { ...node('comprehension', start, this.lastEnd, elements, text), clauses, parenthesised };
  }

  protected atClause(): boolean {
    return this.isKeyword('for') || this.isKeyword('async');
  }

  protected clauses(): Clause[] {
    const clauses: Clause[] = [];
    while (this.atClause()) {
      const { start } = this.token;
      const isAsync = this.takeKeyword('async');
      this.expectKeyword('for');
      const target = this.loopTargets();
      this.expectKeyword('in');
      const iterable = this.disjunction();
      const conditions: Node[] = [];
      while (this.takeKeyword('if')) conditions.push(this.condition());
      clauses.push({ isAsync, start, target, iterable, conditions });
    }
    return clauses;
  }

  private condition(): Node {
    const condition = this.disjunction();
    if (!this.isOp(':=')) return condition;
    return this.invalid();
  }

  /** The targets of `for`, up to `in`. */
  protected loopTargets(): Node {
    const { start } = this.token;
    const items: Node[] = [];
    let tuple = false;
    do {
      if (this.isKeyword('in')) break;
      items.push(this.loopTarget());
      if (!this.isOp(',')) break;
      tuple = true;
    } while (this.takeOp(','));
    const [first] = items;
    if (first === undefined) return this.invalid();
    const target = tuple ? node('tuple', start, this.lastEnd, items) : first;
    this.checkLoopTarget(target);
    return target;
  }

  private checkLoopTarget(target: Node): void {
    try {
      checkTarget(target, 'assign to', true);
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      const message = error.problem.message.replace(/ here\. Maybe.*$/, '');
      throw new SyntaxFailure({ ...error.problem, message });
    }
  }

  private loopTarget(): Node {
    const { start } = this.token;
    if (!this.takeOp('*')) return this.bitwiseOr();
    const value = this.bitwiseOr();
    return node('starred', start, value.end, [value]);
  }

  /** From behind the opening bracket to behind the closing one. */
  private subscript(): Node {
    const { start } = this.token;
    const items: Node[] = [];
    let tuple = false;
    while (!this.isOp(']')) {
      items.push(this.slice());
      if (!this.takeOp(',')) break;
      tuple = true;
    }
    const [first] = items;
    if (first === undefined) return this.invalid();
    this.expectCloser(']', items.at(-1));
    const starred = items.find((item) => item.kind === 'starred');
    if (starred !== undefined) this.needs(11, 'a starred index', starred.start, starred.end);
    return tuple || starred !== undefined ? node('tuple', start, this.lastEnd - 1, items) : first;
  }

  private slice(): Node {
    const { start } = this.token;
    const parts: Node[] = [];
    if (!this.isOp(':')) {
      const first = this.starNamed();
      if (!this.isOp(':') || first.kind === 'starred') return first;
      if (first.kind === 'walrus' && first.parenthesised !== true) this.invalid();
      parts.push(first);
    }
    for (let colons = 0; colons < 2 && this.takeOp(':'); colons++) {
      if (!this.endsBound()) parts.push(this.expression());
    }
    return node('slice', start, this.lastEnd, parts);
  }

  private endsBound(): boolean {
    return this.isOp(':') || this.isOp(']') || this.isOp(',');
  }
}
