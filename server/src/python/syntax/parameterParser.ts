/** Parameter lists of functions and lambdas. */
import { AtomParser } from './atomParser';
import type { Node, Parameter } from './node';

interface State {
  readonly annotated: boolean;
  readonly read: Parameter[];
  /** What came already: positional only marker, `*`, `**`. */
  slash: boolean;
  star: boolean;
  defaulted: boolean;
  /** A bare `*` that still waits for a name. */
  bareStar: { readonly start: number; readonly end: number } | undefined;
}

export abstract class ParameterParser extends AtomParser {
  /** Up to, not including, `closer`. */
  protected parameters(closer: ')' | ':'): Parameter[] {
    const state: State = {
      annotated: closer === ')',
      read: [],
      slash: false,
      star: false,
      defaulted: false,
      bareStar: undefined,
    };
    while (!this.isOp(closer)) {
      const last = this.parameter(state);
      const comma = this.takeOp(',');
      if (last && comma && !this.isOp(closer)) this.invalid('arguments cannot follow var-keyword argument');
      if (!comma) break;
    }
    if (!this.isOp(closer)) this.invalid();
    if (state.bareStar !== undefined) this.failAt('named arguments must follow bare *', state.bareStar);
    this.checkDoubled(state.read);
    return state.read;
  }

  /** Whether nothing may follow. */
  private parameter(state: State): boolean {
    const { token } = this;
    if (this.takeOp('**')) {
      if (state.bareStar !== undefined) this.failAt('named arguments must follow bare *', state.bareStar);
      this.named(state, false);
      if (this.isOp('=')) this.invalid('var-keyword argument cannot have default value');
      return true;
    }
    if (this.takeOp('*')) this.star(state, token);
    else if (this.takeOp('/')) this.slash(state, token);
    else this.plain(state);
    return false;
  }

  private star(state: State, at: { readonly start: number; readonly end: number }): void {
    if (state.star) this.failAt('* argument may appear only once', at);
    state.star = true;
    if (this.isOp(',')) {
      state.bareStar = at;
      return;
    }
    if (this.isOp(')') || this.isOp(':')) this.failAt('named arguments must follow bare *', at);
    this.named(state, true);
    if (this.isOp('=')) this.invalid('var-positional argument cannot have default value');
  }

  private slash(state: State, at: { readonly start: number; readonly end: number }): void {
    if (state.slash) this.failAt('/ may appear only once', at);
    if (state.star) this.failAt('/ must be ahead of *', at);
    if (state.read.length === 0) this.failAt('at least one argument must precede /', at);
    state.slash = true;
  }

  private plain(state: State): void {
    if (this.isOp('(')) {
      const what = state.annotated ? 'Function' : 'Lambda expression';
      this.invalid(`${what} parameters cannot be parenthesized`);
    }
    const parameter = this.named(state, false);
    state.bareStar = undefined;
    if (this.takeOp('=')) this.withDefault(state, parameter);
    else if (state.defaulted && !state.star) {
      this.failAt('parameter without a default follows parameter with a default', parameter);
    }
  }

  private withDefault(state: State, parameter: Parameter): void {
    if (this.isOp(',') || this.isOp(')') || this.isOp(':')) this.invalid('expected default value expression');
    const defaultValue = this.expression();
    if (this.isOp(':=')) this.invalid();
    state.read[state.read.length - 1] = { ...parameter, defaultValue };
    if (!state.star) state.defaulted = true;
  }

  private named(state: State, starAnnotation: boolean): Parameter {
    const { text, start, end } = this.expectName();
    if (text === '__debug__') this.fail('cannot assign to __debug__', start, end);
    let parameter: Parameter = { name: text, start, end };
    if (state.annotated && this.takeOp(':')) parameter = { ...parameter, annotation: this.annotation(starAnnotation) };
    state.read.push(parameter);
    return parameter;
  }

  private annotation(starred: boolean): Node {
    const { start } = this.token;
    if (!starred || !this.takeOp('*')) return this.expression();
    const value = this.bitwiseOr();
    this.needs(11, 'a starred annotation', start, value.end);
    return value;
  }

  private checkDoubled(read: readonly Parameter[]): void {
    const seen = new Set<string>();
    for (const parameter of read) {
      if (seen.has(parameter.name)) {
        this.failAt(`duplicate argument '${parameter.name}' in function definition`, parameter);
      }
      seen.add(parameter.name);
    }
  }
}
