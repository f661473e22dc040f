/** Which conditions are decided before a run starts: there `train.py` is imported as `train`, without arguments. */
import type { SyntaxNode } from './syntaxNode';

/** True or false where the condition surely is so in a run, else undefined. `module` is the name that it is imported by. */
export function truthOf(condition: SyntaxNode | undefined, module = 'train'): boolean | undefined {
  if (condition === undefined) return undefined;
  switch (condition.type) {
    case 'parenthesized_expression':
      return truthOf(condition.parts[0], module);
    case 'not_operator':
      return negated(truthOf(condition.child('argument'), module));
    case 'boolean_operator':
      return truthOfPair(condition, module);
    case 'comparison_operator':
      return truthOfComparison(condition, module);
    default:
      return truthOfValue(condition);
  }
}

const negated = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value);

function truthOfPair(node: SyntaxNode, module: string): boolean | undefined {
  const left = truthOf(node.child('left'), module);
  const right = truthOf(node.child('right'), module);
  const decisive = node.child('operator')?.type === 'or';
  if (left === decisive || right === decisive) return decisive;
  return left === undefined || right === undefined ? undefined : !decisive;
}

function truthOfComparison(node: SyntaxNode, module: string): boolean | undefined {
  const [left, right, ...more] = node.parts;
  const operator = node.child('operators')?.type;
  if (left === undefined || right === undefined || more.length > 0) return undefined;
  if (operator === '==') return equality(left, right, module);
  if (operator === '!=') return negated(equality(left, right, module));
  const oldPython = operator === '<' && left.text === 'sys.version_info' && isBelowPython3(right);
  return oldPython ? false : undefined;
}

const isBelowPython3 = (node: SyntaxNode): boolean =>
  /^\(\s*(?:2\b[^)]*|3\s*,?\s*|3\s*,\s*[0-7]\b[^)]*)\)$/.test(node.text);

function equality(left: SyntaxNode, right: SyntaxNode, module: string): boolean | undefined {
  const a = knownText(left, module);
  const b = knownText(right, module);
  return a === undefined || b === undefined ? undefined : a === b;
}

function knownText(node: SyntaxNode, module: string): string | undefined {
  if (node.type === 'identifier') return node.text === '__name__' ? module : undefined;
  return node.type === 'string' ? plainText(node) : undefined;
}

/** The text of a string literal without escapes, interpolation or bytes. */
function plainText(node: SyntaxNode): string | undefined {
  return /^[uUrR]?(?:'([^'\\]*)'|"([^"\\]*)")$/
    .exec(node.text)
    ?.slice(1)
    .find((text) => text !== undefined);
}

function truthOfValue(node: SyntaxNode): boolean | undefined {
  switch (node.type) {
    case 'true':
      return true;
    case 'identifier':
      return knownNames[node.text];
    case 'false':
    case 'none':
      return false;
    case 'integer':
      return /[1-9a-f]/i.test(node.text.replace(/^0[xob]/i, ''));
    case 'string':
      return truthOfText(node);
    default:
      return isEmptyDisplay(node) || isTypeChecking(node) ? false : undefined;
  }
}

const knownNames: Readonly<Record<string, boolean | undefined>> = { TYPE_CHECKING: false, __debug__: true };

const isEmptyDisplay = (node: SyntaxNode): boolean =>
  /^(?:list|tuple|dictionary)$/.test(node.type) && node.parts.length === 0;

function truthOfText(node: SyntaxNode): boolean | undefined {
  const text = plainText(node);
  return text === undefined ? undefined : text !== '';
}

const isTypeChecking = (node: SyntaxNode): boolean =>
  node.type === 'attribute' && /^(?:typing|t|te|typing_extensions)\.TYPE_CHECKING$/.test(node.text);
