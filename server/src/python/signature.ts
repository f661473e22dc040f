/** Parameters of a function, and whether a call with positional arguments alone fits them. */
import type { SyntaxNode } from './syntaxNode';

export interface Parameter {
  readonly name: string;
  readonly node: SyntaxNode;
  readonly kind: 'positional' | 'rest' | 'keyword' | 'keywords';
  readonly hasDefault: boolean;
}

/** `node` is a `function_definition` or a `lambda`. */
export function parametersOf(node: SyntaxNode): Parameter[] {
  const found: Parameter[] = [];
  let keyword = false;
  for (const part of node.child('parameters')?.parts ?? []) {
    const parameter = parameterOf(part, keyword);
    if (part.type === 'keyword_separator' || parameter?.kind === 'rest') keyword = true;
    if (parameter !== undefined) found.push(parameter);
  }
  return found;
}

function parameterOf(node: SyntaxNode, keyword: boolean): Parameter | undefined {
  const kind = keyword ? 'keyword' : 'positional';
  switch (node.type) {
    case 'identifier':
      return { name: node.text, node, kind, hasDefault: false };
    case 'default_parameter':
    case 'typed_default_parameter':
      return { name: nameIn(node.child('name')), node, kind, hasDefault: true };
    case 'typed_parameter':
      return typed(node, keyword);
    case 'list_splat_pattern':
      return { name: nameIn(node.parts[0]), node, kind: 'rest', hasDefault: true };
    case 'dictionary_splat_pattern':
      return { name: nameIn(node.parts[0]), node, kind: 'keywords', hasDefault: true };
    default:
      return undefined;
  }
}

const nameIn = (node: SyntaxNode | undefined): string => node?.text ?? '';

function typed(node: SyntaxNode, keyword: boolean): Parameter | undefined {
  const [inner] = node.parts;
  const parameter = inner === undefined ? undefined : parameterOf(inner, keyword);
  return parameter && { ...parameter, node };
}

export interface Misfit {
  /** Parameters that such a call gives no value. */
  readonly missing: readonly string[];
  /** How many of the arguments there is no parameter for. */
  readonly extra: number;
}

/** Undefined where a call with `given` positional arguments works. */
export function misfit(parameters: readonly Parameter[], given: number): Misfit | undefined {
  const positional = parameters.filter((parameter) => parameter.kind === 'positional');
  const missing = [
    ...positional.slice(given).filter((parameter) => !parameter.hasDefault),
    ...parameters.filter((parameter) => parameter.kind === 'keyword' && !parameter.hasDefault),
  ].map((parameter) => parameter.name);
  const open = parameters.some((parameter) => parameter.kind === 'rest');
  const extra = open ? 0 : Math.max(0, given - positional.length);
  return missing.length === 0 && extra === 0 ? undefined : { missing, extra };
}
