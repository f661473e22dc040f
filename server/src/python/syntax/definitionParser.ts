/** Functions, classes and their type parameters. */
import { node, type Node, type TypeParameter } from './node';
import { SimpleStatementParser } from './simpleStatementParser';

export abstract class DefinitionParser extends SimpleStatementParser {
  protected abstract block(what: string): Node[];

  protected functionDefinition(asyncStart: number | undefined, decorators: readonly Node[]): Node {
    const { start } = this.advance();
    const name = this.expectName();
    const typeParameters = this.isOp('[') ? this.typeParameters() : undefined;
    this.expectOp('(', "expected '('");
    const parameters = this.parameters(')');
    this.expectOp(')');
    const returns = this.takeOp('->') ? [this.expression()] : [];
    const body = this.block('function definition');
    return {
      ...node('function', asyncStart ?? start, this.lastEnd, [...decorators, ...returns], name.text),
      parameters,
      ...(typeParameters === undefined ? {} : { typeParameters }),
      body,
      isAsync: asyncStart !== undefined,
      nameStart: name.start,
    };
  }

  protected classDefinition(decorators: readonly Node[]): Node {
    const { start } = this.advance();
    const name = this.expectName();
    const typeParameters = this.isOp('[') ? this.typeParameters() : undefined;
    const bases = this.takeOp('(') ? this.callArguments(false) : [];
    const body = this.block('class definition');
    return {
      ...node('class', start, this.lastEnd, [...decorators, ...bases], name.text),
      ...(typeParameters === undefined ? {} : { typeParameters }),
      body,
      nameStart: name.start,
    };
  }

  protected typeParameters(): TypeParameter[] {
    const { start, end } = this.advance();
    this.needs(12, 'type parameters', start, end);
    const read: TypeParameter[] = [];
    let defaulted = false;
    while (!this.isOp(']')) {
      const parameter = this.typeParameter();
      if (read.some(({ name }) => name === parameter.name)) {
        this.failAt(`duplicate type parameter '${parameter.name}'`, parameter);
      }
      if (defaulted && !parameter.defaulted) {
        this.failAt(`non-default type parameter '${parameter.name}' follows default type parameter`, parameter);
      }
      ({ defaulted } = parameter);
      read.push(parameter);
      if (!this.takeOp(',')) break;
    }
    if (read.length === 0) this.invalid('Type parameter list cannot be empty');
    this.expectCloser(']', undefined);
    return read;
  }

  private typeParameter(): TypeParameter & { readonly defaulted: boolean } {
    const stars = this.isOp('*') || this.isOp('**') ? this.advance().text : '';
    const { text: name, start, end } = this.expectName();
    const parts: Node[] = [];
    if (this.isOp(':')) {
      if (stars !== '') this.invalid();
      this.advance();
      parts.push(this.expression());
    }
    const defaulted = this.takeOp('=');
    if (defaulted) parts.push(stars === '*' && this.takeOp('*') ? this.bitwiseOr() : this.expression());
    return { name, start, end, parts, defaulted };
  }
}
